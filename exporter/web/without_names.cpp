#include "web/without_names.h"

#include <cstddef>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace exporter::web {

namespace {

// Every mail address hidden.
std::string without_addresses(const std::string& text) {
  const auto is_part = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x7f || is_alphanumeric(c) ||
           std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos;
  };
  std::string out;
  std::size_t copied = 0;
  for (auto at = text.find('@'); at != std::string::npos; at = text.find('@', at + 1)) {
    std::size_t begin = at;
    while (begin > copied && is_part(text[begin - 1])) --begin;
    std::size_t end = at + 1;
    while (end < text.size() && (is_part(text[end]) || text[end] == '@')) ++end;
    if (begin == at && end == at + 1) continue;
    out.append(text, copied, begin - copied).append("<address>");
    // A full stop ends a sentence, not an address.
    while (end > at + 1 && text[end - 1] == '.') --end;
    copied = end;
    at = end - 1;
  }
  return out.append(text, copied);
}

}  // namespace

std::string without_names(const std::string& text) {
  std::string out = without_addresses(text);
  // Okta's own phrases: "Automatic profile push of user Ada Lovelace to app ServiceNow failed: …".
  for (const auto& [before, after] : {std::pair<std::string_view, std::string_view>("of user ", " to app "),
                                      std::pair<std::string_view, std::string_view>("for user ", ""),
                                      std::pair<std::string_view, std::string_view>("for the user ", "")}) {
    const auto begin = out.find(before);
    if (begin == std::string::npos) continue;
    const std::size_t name = begin + before.size();
    const std::size_t end = after.empty() ? out.find_first_of(":;.,", name) : out.find(after, name);
    if (end == std::string::npos && !after.empty()) continue;
    out.replace(name, (end == std::string::npos ? out.size() : end) - name, "<name>");
  }
  return out;
}

}  // namespace exporter::web
