// What to do about each kind of drift, in a sentence and at length. The exporter itself never does any of it.
#pragma once

#include <string>
#include <string_view>

#include "web/server.h"

namespace exporter::web {

// One sentence. `scope` is the assignment's: USER, GROUP, or empty where it is not known.
std::string remedy(std::string_view kind, std::string_view scope);

// The page that every remedy links to, at /runbook, with an anchor per kind.
Handler make_runbook_handler();

}  // namespace exporter::web
