#include "servicenow/error_envelope.h"

#include <simdjson.h>

namespace exporter::servicenow {
namespace {

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

}  // namespace exporter::servicenow
