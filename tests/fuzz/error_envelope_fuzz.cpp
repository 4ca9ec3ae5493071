// The body of a refusal, and what of it gets into a message.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "servicenow/error_envelope.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace exporter;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Error error{.error_class = ErrorClass::permission,
              .message = "refused",
              .http_status = 403,
              .response_body = std::string(text)};
  const auto envelope = servicenow::parse_error_envelope(text);
  servicenow::add_own_words(error);
  constexpr std::size_t kMost = 400;
  if (error.message.size() > kMost || !error.message.starts_with("refused")) __builtin_trap();
  if (!envelope && error.message != "refused") __builtin_trap();
  if (servicenow::may_be_transient(error) && !envelope) __builtin_trap();
  return 0;
}
