#include "simulator/faults.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <nlohmann/json.hpp>

namespace simulator {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 11> kKinds = {
    "status",           "html",  "truncate",   "cut",  "close", "empty", "missing_fields",
    "result_and_error", "delay", "wrong_json", "short"};

std::string error_body(const std::string& api, int status) {
  if (api == "okta") {
    const char* code = status == 429   ? "E0000047"
                       : status == 401 ? "E0000011"
                       : status == 403 ? "E0000006"
                                       : "E0000009";
    return json{{"errorCode", code},
                {"errorSummary", status == 429 ? "API call exceeded rate limit due to too many requests."
                                               : "Internal Server Error"},
                {"errorLink", code},
                {"errorId", "oaeSIMfault"},
                {"errorCauses", json::array()}}
        .dump();
  }
  const char* message =
      status == 429 ? "Rate limit exceeded" : "Transaction cancelled: maximum execution time exceeded";
  return json{
      {"error", {{"message", message}, {"detail", std::string(message) + ". Check logs for error trace."}}},
      {"status", "failure"}}
      .dump();
}

void for_each_record(json& body, const std::function<void(json&)>& act) {
  json& records = body.is_object() && body.contains("result") ? body["result"] : body;
  if (records.is_array()) {
    for (json& record : records) act(record);
  } else if (records.is_object()) {
    act(records);
  }
}

}  // namespace

bool Fault::replaces_answer() const {
  return kind == "status" || kind == "html" || kind == "empty" || kind == "wrong_json" || kind == "close";
}

bool Faults::known(const std::string& kind) {
  return std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end();
}

std::optional<Fault> Faults::take(const std::string& api, const std::string& endpoint) {
  for (auto it = faults_.begin(); it != faults_.end(); ++it) {
    if (it->api != api || (!it->endpoint.empty() && it->endpoint != endpoint)) continue;
    if (it->after > 0) {
      --it->after;
      continue;
    }
    const Fault fault = *it;
    if (it->count > 0 && --it->count == 0) faults_.erase(it);
    return fault;
  }
  return std::nullopt;
}

Reply Faults::replacement(const Fault& fault) {
  Reply reply;
  reply.delay_ms = fault.delay_ms;
  for (const auto& [name, value] : fault.headers) reply.header(name, value);
  if (fault.kind == "status") {
    reply.status = fault.status;
    reply.body = fault.body.empty() ? error_body(fault.api, fault.status) : fault.body;
  } else if (fault.kind == "html") {
    reply.content_type = "text/html";
    reply.body = fault.body.empty()
                     ? "<!DOCTYPE html><html><head><title>Sign In</title></head><body></body></html>"
                     : fault.body;
  } else if (fault.kind == "wrong_json") {
    reply.body = fault.body.empty() ? R"({"unexpected":true})" : fault.body;
  } else if (fault.kind == "close") {
    reply.delivery = Delivery::kNoAnswer;
  }
  return reply;
}

void Faults::damage(const Fault& fault, Reply& reply) {
  reply.delay_ms = fault.delay_ms;
  if (fault.kind == "truncate") {
    // The framing is right, the JSON isn't: a quota that kills the transaction in mid-stream (facts: 200 is
    // no success)
    reply.body.resize(reply.body.size() / 2);
    return;
  }
  if (fault.kind == "cut") {
    reply.delivery = Delivery::kCutConnection;
    return;
  }
  if (fault.kind == "delay") return;
  json body = json::parse(reply.body, nullptr, false);
  if (body.is_discarded()) return;
  if (fault.kind == "missing_fields") {
    for_each_record(body, [](json& record) {
      for (const char* field : {"id", "uuid", "sys_id", "eventType", "published"}) record.erase(field);
    });
  } else if (fault.kind == "result_and_error") {
    body = json{
        {"result", body.is_object() && body.contains("result") ? body["result"] : body},
        {"error",
         {{"message", "Transaction cancelled: maximum execution time exceeded"},
          {"detail", "Transaction cancelled: maximum execution time exceeded. Check logs for error trace."}}},
        {"status", "failure"}};
  } else if (fault.kind == "short") {
    // Half of the records, no next link, the count as it was: a listing that looks like everybody left.
    json& records = body.is_object() && body.contains("result") ? body["result"] : body;
    if (records.is_array())
      records.erase(records.begin() + static_cast<std::ptrdiff_t>(records.size() / 2), records.end());
    std::erase_if(reply.headers, [](const auto& header) {
      return header.first == "Link" && header.second.find("rel=\"next\"") != std::string::npos;
    });
  }
  reply.body = body.dump();
}

}  // namespace simulator
