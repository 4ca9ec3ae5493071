#include "okta/log_events.h"

#include <utility>

#include "okta/json_reader.h"

namespace exporter::okta {
namespace {

using json::read_text;

struct Target {
  std::optional<std::string> id;
  std::optional<std::string> type;
};

struct Targets {
  std::string user_id;
  std::string app_user_id;
  std::string app_group_id;
  std::string user_group_id;
  std::vector<std::string> app_instance_ids;

  void add(Target target) {
    if (!target.id || !target.type || target.id->empty()) return;
    const std::string& type = *target.type;
    if (type == "AppInstance") {
      app_instance_ids.push_back(std::move(*target.id));
      return;
    }
    std::string* slot = nullptr;
    if (type == "User") slot = &user_id;
    if (type == "AppUser") slot = &app_user_id;
    if (type == "AppGroup") slot = &app_group_id;
    if (type == "UserGroup") slot = &user_group_id;
    // Okta asks to look targets up by type, not by place. Of several of one type the first is the subject.
    if (slot != nullptr && slot->empty()) *slot = std::move(*target.id);
  }
};

simdjson::error_code read_targets(json::ondemand::value& value, Targets& targets) {
  targets = {};
  return json::read_elements(value, [&](json::ondemand::value& element) {
    Target target;
    auto error = json::read_fields(element, [&](std::string_view key, json::ondemand::value& field) {
      if (key == "id") return read_text(field, target.id);
      if (key == "type") return read_text(field, target.type);
      return simdjson::SUCCESS;
    });
    if (!error) targets.add(std::move(target));
    return error;
  });
}

struct RawEvent {
  std::optional<std::string> uuid;
  std::optional<std::string> published;
  std::optional<std::string> event_type;
  std::optional<std::string> legacy_event_type;
  std::optional<std::string> outcome_result;
  std::optional<std::string> outcome_reason;
  std::optional<std::string> transaction_id;
  Targets targets;
};

simdjson::error_code read_event(json::ondemand::value& value, RawEvent& event) {
  return json::read_fields(value, [&](std::string_view key, json::ondemand::value& field) {
    if (key == "uuid") return read_text(field, event.uuid);
    if (key == "published") return read_text(field, event.published);
    if (key == "eventType") return read_text(field, event.event_type);
    if (key == "legacyEventType") return read_text(field, event.legacy_event_type);
    if (key == "outcome") {
      event.outcome_result.reset();
      event.outcome_reason.reset();
      return json::read_fields(field, [&](std::string_view name, json::ondemand::value& part) {
        if (name == "result") return read_text(part, event.outcome_result);
        if (name == "reason") return read_text(part, event.outcome_reason);
        return simdjson::SUCCESS;
      });
    }
    if (key == "transaction") {
      event.transaction_id.reset();
      return json::read_fields(field, [&](std::string_view name, json::ondemand::value& part) {
        return name == "id" ? read_text(part, event.transaction_id) : simdjson::SUCCESS;
      });
    }
    if (key == "target") return read_targets(field, event.targets);
    return simdjson::SUCCESS;
  });
}

std::string or_empty(std::optional<std::string>& text) { return text ? std::move(*text) : std::string(); }

}  // namespace

Result<ParsedLogEvents> parse_log_events(std::string body) {
  ParsedLogEvents page;
  auto read = json::read_array(body, "GET /api/v1/logs", [&](json::ondemand::value& element) {
    ++page.received;
    RawEvent raw;
    if (auto error = read_event(element, raw)) return error;
    const auto published = raw.published ? parse_iso8601(*raw.published) : std::nullopt;
    if (!raw.uuid || raw.uuid->empty() || !published || !raw.event_type || raw.event_type->empty()) {
      ++page.malformed;
      return simdjson::SUCCESS;
    }
    LogEvent& event = page.events.emplace_back();
    event.uuid = std::move(*raw.uuid);
    event.published = *published;
    event.event_type = std::move(*raw.event_type);
    event.legacy_event_type = or_empty(raw.legacy_event_type);
    event.outcome_result = or_empty(raw.outcome_result);
    event.outcome_reason = or_empty(raw.outcome_reason);
    event.transaction_id = or_empty(raw.transaction_id);
    event.user_id = std::move(raw.targets.user_id);
    event.app_user_id = std::move(raw.targets.app_user_id);
    // A group push names the group on Okta's side, on the app's side or both; the app's side is the one that
    // is pushed.
    event.group_id = raw.targets.app_group_id.empty() ? std::move(raw.targets.user_group_id)
                                                      : std::move(raw.targets.app_group_id);
    event.app_instance_ids = std::move(raw.targets.app_instance_ids);
    return simdjson::SUCCESS;
  });
  if (!read) return std::unexpected(std::move(read.error()));
  return page;
}

}  // namespace exporter::okta
