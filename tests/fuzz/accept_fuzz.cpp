// Accept, Accept-Encoding and Authorization, as a client sends them.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "web/basic_auth.h"
#include "web/negotiation.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  exporter::web::exposition_format(text);
  exporter::web::accepts_gzip(text);
  const auto credentials = exporter::web::parse_basic(text);
  // What was decoded is shorter than what it was decoded from.
  if (credentials && credentials->user.size() + credentials->password.size() >= size) __builtin_trap();
  return 0;
}
