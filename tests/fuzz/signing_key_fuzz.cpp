// A private key as PEM or JWK: whatever the file holds, it is a key that signs or an error that shows nothing
// of it.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "auth/jose.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace exporter;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto key = auth::SigningKey::parse(text);
  if (!key) {
    constexpr std::size_t kMost = 400;
    if (key.error().error_class != ErrorClass::authentication || key.error().message.empty() ||
        key.error().message.size() > kMost) {
      __builtin_trap();
    }
    return 0;
  }
  if (key->algorithm().empty() || key->public_jwk().empty() || key->sign("text").empty()) __builtin_trap();
  if (key->public_jwk().find("\"d\"") != std::string_view::npos) __builtin_trap();
  return 0;
}
