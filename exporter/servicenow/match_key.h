// How the keys of the two sides compare: trimmed, without ASCII case, and as far as ServiceNow keeps them.
// Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace exporter::servicenow {

// sys_user.user_name holds 40 characters; what is longer is cut when it is stored.
inline constexpr std::size_t kStoredKeyCharacters = 40;

// Trimmed, ASCII lower case. Bytes beyond ASCII stay as they are.
std::string normalize_key(std::string_view key);

// What ServiceNow stores of a normalized key that is longer than it keeps, in code points; empty where it
// keeps all of it.
std::string cut_key(std::string_view normalized);

// Whether a row's key is this person's: equal, or exactly what is left of a longer name. Empty keys match
// nothing.
bool keys_equal(std::string_view okta, std::string_view row);

}  // namespace exporter::servicenow
