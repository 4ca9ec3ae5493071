// Link headers: whatever Okta, or a proxy in its place, says about the next page, credentials stay with their
// origin.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/link_header.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace exporter::net;
  static const Url kOrigin = *parse_url("https://example.okta.com");
  std::string_view text(reinterpret_cast<const char*>(data), size);
  // A line for each field.
  HttpHeaders headers;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    headers.add("Link", std::string(text.substr(0, end)));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  const auto next = next_link(headers, kOrigin);
  if (!next && next.error().message.empty()) __builtin_trap();
  if (!next || !*next) return 0;
  const auto url = parse_url(**next);
  if (!url || !url->same_origin(kOrigin)) __builtin_trap();
  return 0;
}
