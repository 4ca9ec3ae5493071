#include "simulator/event_log.h"

#include <algorithm>

#include "simulator/text.h"

namespace simulator {
namespace {

constexpr std::string_view kActorId = "00uSIMsystemactor001";

std::string severity(const Event& event) {
  if (event.result == "FAILURE") return "ERROR";
  return event.reason.empty() ? "INFO" : "WARN";
}

std::string or_null(std::string_view text) { return text.empty() ? "null" : json_string(text); }

}  // namespace

std::string event_json(const Event& event) {
  std::string out =
      R"({"actor":{"id":")" + std::string(kActorId) +
      R"(","type":"SystemPrincipal","alternateId":"system@okta.com","displayName":"Okta System",)"
      R"("detailEntry":null},"client":null,"device":null,"authenticationContext":{)"
      R"("authenticationProvider":null,"credentialProvider":null,"credentialType":null,"issuer":null,)"
      R"("interface":null,"authenticationStep":0,"externalSessionId":"trs)" +
      event.transaction + R"("},"displayMessage":)";
  append_json_string(out, event.message);
  out +=
      R"(,"eventType":)" + json_string(event.type) + R"(,"outcome":{"result":)" + json_string(event.result) +
      R"(,"reason":)" + or_null(event.reason) + R"(},"published":")" + iso_time(event.published_ms) +
      R"(","securityContext":{"asNumber":null,"asOrg":null,"isp":null,"domain":null,"isProxy":null},"severity":")" +
      severity(event) + R"(","debugContext":{"debugData":{"appname":"servicenow_ud"}},"legacyEventType":)" +
      or_null(event.legacy_type) + R"(,"transaction":{"type":)" + json_string(event.transaction_type) +
      R"(,"id":)" + json_string(event.transaction) + R"(,"detail":{}},"uuid":)" + json_string(event.uuid) +
      R"(,"version":"0","request":{"ipChain":[]},"target":)";
  if (event.targets.empty()) return out + "null}";
  out.push_back('[');
  for (const Target& target : event.targets) {
    if (out.back() == '}') out.push_back(',');
    out += R"({"id":)" + json_string(target.id) + R"(,"type":)" + json_string(target.type) +
           R"(,"alternateId":)" + json_string(target.alternate_id) + R"(,"displayName":)" +
           json_string(target.display_name) + R"(,"detailEntry":null})";
  }
  return out + "]}";
}

std::vector<std::string> event_attribute(const Event& event, std::string_view path) {
  const auto one = [](const std::string& value) {
    return value.empty() ? std::vector<std::string>{} : std::vector<std::string>{value};
  };
  if (path == "eventType") return one(event.type);
  if (path == "legacyEventType") return one(event.legacy_type);
  if (path == "uuid") return one(event.uuid);
  if (path == "displayMessage") return one(event.message);
  if (path == "severity") return one(severity(event));
  if (path == "version") return {"0"};
  if (path == "outcome.result") return one(event.result);
  if (path == "outcome.reason") return one(event.reason);
  if (path == "transaction.id") return one(event.transaction);
  if (path == "transaction.type") return one(event.transaction_type);
  if (path == "actor.id") return {std::string(kActorId)};
  if (path == "actor.type") return {"SystemPrincipal"};
  if (path == "actor.alternateId") return {"system@okta.com"};
  if (path == "debugContext.debugData.appname") return {"servicenow_ud"};
  std::vector<std::string> values;
  for (const Target& target : event.targets) {
    if (path == "target.id") values.push_back(target.id);
    if (path == "target.type") values.push_back(target.type);
    if (path == "target.alternateId") values.push_back(target.alternate_id);
    if (path == "target.displayName") values.push_back(target.display_name);
  }
  return values;
}

void EventLog::append(Event event) {
  if (!events_.empty()) event.persisted_ms = std::max(event.persisted_ms, events_.back().persisted_ms);
  events_.push_back(std::move(event));
}

std::size_t EventLog::position_of(std::int64_t persisted_ms) const {
  const auto it = std::partition_point(events_.begin(), events_.end(),
                                       [&](const Event& event) { return event.persisted_ms < persisted_ms; });
  return static_cast<std::size_t>(it - events_.begin());
}

}  // namespace simulator
