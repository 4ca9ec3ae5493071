// Pages of Okta: app users, one app user, events of the System Log.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cut_page.h"
#include "okta/app_users.h"
#include "okta/log_events.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace exporter::okta;
  using fuzz::cut;
  static const std::vector<std::string> kFields = {"userName", "profile.email"};
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  if (const auto page = parse_app_users(std::string(text), kFields)) {
    for (const AppUser& user : page->users) {
      if (user.id.empty() || user.keys.size() != kFields.size()) __builtin_trap();
    }
    if (parse_app_users(cut(text), kFields)) __builtin_trap();
  } else if (page.error().message.empty()) {
    __builtin_trap();
  }
  if (const auto user = parse_app_user(std::string(text), kFields)) {
    if (user->id.empty() || parse_app_user(cut(text), kFields)) __builtin_trap();
  }
  if (const auto page = parse_log_events(std::string(text))) {
    if (page->events.size() + page->malformed != page->received) __builtin_trap();
    for (const LogEvent& event : page->events) {
      if (event.uuid.empty() || event.event_type.empty()) __builtin_trap();
    }
    if (parse_log_events(cut(text))) __builtin_trap();
  }
  return 0;
}
