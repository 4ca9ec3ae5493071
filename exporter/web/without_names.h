// What Okta says, without saying of whom.
#pragma once

#include <string>

namespace exporter::web {

// A failure's text as ShowUsers::ids shows it: without mail addresses and without the names that Okta's own
// phrases quote.
std::string without_names(const std::string& text);

}  // namespace exporter::web
