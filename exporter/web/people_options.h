// What the pages of people show, and of which integrations.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace exporter::web {

// What of a person is shown: nothing; ids of Okta and of ServiceNow; also match keys, and texts as they are.
enum class ShowUsers : std::uint8_t { never, ids, names };

struct PeopleOptions {
  ShowUsers show_users = ShowUsers::ids;
  // Under which others reach the exporter, without a slash at the end; runbook links of JSON and CSV begin
  // with it. Empty: they are relative to the page.
  std::string external_url;
  // The integrations that are configured now; thread-safe.
  std::function<std::vector<std::string>()> integrations;
};

}  // namespace exporter::web
