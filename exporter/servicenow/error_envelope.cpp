#include "servicenow/error_envelope.h"

#include <simdjson.h>

#include "base/text.h"

namespace exporter::servicenow {
namespace {

constexpr std::size_t kMaxQuoted = 300;

std::string text_of(const simdjson::dom::object& object, const char* key) {
  std::string_view text;
  if (object[key].get(text) != simdjson::SUCCESS) return {};
  return std::string(text);
}

}  // namespace

std::optional<ErrorEnvelope> parse_error_envelope(std::string_view body) {
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
  // A small body: a tree is fine, and unlike On-Demand it has judged the whole text before it answers.
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(body.data(), body.size(), true).get(root) != simdjson::SUCCESS) return std::nullopt;
  simdjson::dom::object top;
  simdjson::dom::element error;
  if (root.get(top) != simdjson::SUCCESS || top["error"].get(error) != simdjson::SUCCESS) return std::nullopt;
  simdjson::dom::object envelope;
  if (error.get(envelope) == simdjson::SUCCESS) {
    return ErrorEnvelope{text_of(envelope, "message"), text_of(envelope, "detail")};
  }
  // oauth_token.do answers {"error":"server_error","error_description":"access_denied"} (servicenow.md 5).
  std::string_view code;
  if (error.get(code) == simdjson::SUCCESS) {
    return ErrorEnvelope{std::string(code), text_of(top, "error_description")};
  }
  return std::nullopt;
}

void add_own_words(Error& error) {
  const auto envelope = parse_error_envelope(error.response_body);
  if (!envelope) return;
  std::string words = envelope->message;
  if (!envelope->detail.empty()) words += (words.empty() ? "" : ": ") + envelope->detail;
  if (words.empty()) return;
  if (words.size() > kMaxQuoted) words.resize(kMaxQuoted);
  error.message += " (ServiceNow says: " + words + ")";
}

void name_answer(Error& error, std::string_view table, std::string_view authority) {
  error.message =
      "ServiceNow's list of " + std::string(table) + " at " + std::string(authority) + ": " + error.message;
  if (error.message.find("; ") == std::string::npos) {
    error.message += "; check servicenow.url and any proxy in between";
  }
}

bool may_be_transient(const Error& error) {
  if (error.http_status != 403) return false;
  const auto envelope = parse_error_envelope(error.response_body);
  return envelope && fold(envelope->detail).find("failed api level acl validation") != std::string::npos;
}

}  // namespace exporter::servicenow
