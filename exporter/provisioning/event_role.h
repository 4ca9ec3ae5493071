// What one event of the System Log means for a provisioning task. One event type mixes attempts, successes
// and failures (application.provision.user.push_profile does), so the legacy type and the result decide
// together.
#pragma once

#include <cstdint>
#include <string_view>

#include "okta/records.h"
#include "provisioning/vocabulary.h"

namespace exporter::provisioning {

enum class EventRole : std::uint8_t {
  ignored,  // tells nothing about a task
  note,     // belongs to a task, but never starts one and never fails it
  failure,
  success,
  attempt,
};

// By the types and the result only: whether the event is a repetition or another app's is the caller's
// knowledge.
EventRole role_of(const okta::LogEvent& event);

struct EventOperation {
  Operation operation = Operation::other;
  // sync, verify_exists and integration.* belong to whatever task of the same transaction and subject is
  // under way; `operation` is what they are when there is none.
  bool attaches = false;
};
EventOperation operation_of(std::string_view event_type, std::string_view legacy_event_type);

}  // namespace exporter::provisioning
