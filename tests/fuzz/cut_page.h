// A page of JSON that breaks off.
#pragma once

#include <string>
#include <string_view>

namespace fuzz {

// Without its last character: a page that is cut off is none.
inline std::string cut(std::string_view page) {
  page = page.substr(0, page.find_last_not_of(" \t\r\n") + 1);
  return std::string(page.substr(0, page.empty() ? 0 : page.size() - 1));
}

}  // namespace fuzz
