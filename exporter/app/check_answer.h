// What an answer of either vendor says about the way to the host and about the credentials.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/check_report.h"
#include "base/error.h"

namespace exporter::app {

// What to do about an error, where a check itself knows nothing better. `credentials`: the configuration's
// keys that hold them, or what they are.
std::string advice(const Error& error, std::string_view credentials);

// The lines "<who>_reachable" and "<who>_credentials" out of the first answer; null: a good one. `name` is
// `who` for people. Returns whether it is of use to ask on.
bool check_first_answer(const std::string& who, std::string_view name, std::string_view credentials,
                        const Error* error, std::vector<CheckLine>& lines);

}  // namespace exporter::app
