// The web config file: whatever stands in it, it is taken or refused with a reason.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "config/web_config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = exporter::config::parse_web_config(text, "web.yml");
  if (!config) {
    if (config.error().empty() || config.error().front().message.empty()) __builtin_trap();
    return 0;
  }
  for (const auto& [name, hash] : config->basic_auth_users) {
    if (!exporter::config::bcrypt_cost(hash)) __builtin_trap();
  }
  return 0;
}
