// Okta's System Log: events in the order in which they were persisted, which is not that of `published`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace simulator {

struct Target {
  std::string type;  // User, AppUser, AppInstance, AppGroup
  std::string id;
  std::string alternate_id;
  std::string display_name;
};

struct Event {
  std::string uuid;
  std::int64_t published_ms = 0;
  std::int64_t persisted_ms = 0;
  std::string type;
  std::string legacy_type;  // empty: null
  std::string message;
  std::string result = "SUCCESS";
  std::string reason;  // empty: null
  std::string transaction;
  std::string transaction_type = "JOB";
  std::vector<Target> targets;
};

std::string event_json(const Event& event);
std::vector<std::string> event_attribute(const Event& event, std::string_view path);

class EventLog {
 public:
  // Persistence time never runs backwards: an event that comes late gets the time of its neighbour.
  void append(Event event);
  const std::vector<Event>& events() const { return events_; }
  // Position of the first event persisted at or after a time.
  std::size_t position_of(std::int64_t persisted_ms) const;

 private:
  std::vector<Event> events_;
};

}  // namespace simulator
