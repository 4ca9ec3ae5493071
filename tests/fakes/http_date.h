// A time as the header Date has it.
#pragma once

#include <ctime>
#include <string>

#include "base/clock.h"

namespace exporter::fakes {

inline std::string http_date(SystemTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[64];
  std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return text;
}

}  // namespace exporter::fakes
