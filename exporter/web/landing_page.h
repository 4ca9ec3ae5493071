// The page for people at "/": what is watched, is it fresh, is it healthy.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "web/server.h"

namespace exporter::web {

struct StatusRow {
  enum class State : std::uint8_t {
    waiting,  // no sample has ended yet
    ok,       // the last sample succeeded
    failing,  // it did not; the values shown are those of last_success
  };
  std::string integration;
  std::string sampler;
  std::chrono::milliseconds interval{0};  // zero: runs only when another sampler triggers it
  State state = State::waiting;
  std::optional<SystemTime> last_success = std::nullopt;
  std::optional<ErrorClass> last_error = std::nullopt;
};

struct LandingPage {
  std::string version;
  // Text and target of each link, in order; targets relative to "/" and without a slash before: "metrics".
  std::vector<std::pair<std::string, std::string>> links = {
      {"Metrics", "metrics"}, {"Healthy?", "-/healthy"}, {"Ready?", "-/ready"}};
};

std::string render_landing_page(const LandingPage& page, const std::vector<StatusRow>& rows, SystemTime now);

// `rows` reads memory only, is called on the loop's thread, and in the order it gives is what is shown;
// `clock` outlives the handler. Goes with make_stylesheet_handler() at /style.css.
Handler make_landing_page_handler(LandingPage page, std::function<std::vector<StatusRow>()> rows,
                                  const Clock& clock);

}  // namespace exporter::web
