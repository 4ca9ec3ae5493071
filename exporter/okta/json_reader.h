// Reading a page of Okta's with simdjson On-Demand: straight into records, never into a tree. Only for the
// parsing .cpp files of this room: simdjson.h is heavy.
//
// On-Demand checks what it is asked for and no more: it accepts junk inside skipped values, and it reports a
// cut page only after it has yielded the rows before the cut. So the caller's rows count only when
// read_array() returned a value: then the page was read to its last byte.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <simdjson.h>

#include "base/error.h"
#include "base/json_text.h"

namespace exporter::okta::json {

using exporter::json::get_key;
using exporter::json::is;
using exporter::json::plain_text;
namespace ondemand = simdjson::ondemand;

// The text without a byte order mark: simdjson 3.0.1 takes one for junk.
std::string_view without_byte_order_mark(std::string_view body);

// What is wrong with `json`, which simdjson refused: incomplete where it ends inside a string, an array or an
// object, else malformed. `endpoint` names the request in the message ("GET /api/v1/logs").
Error broken_json(std::string_view json, std::string_view endpoint, std::string_view detail);

// A text field, to be used before the page's parser goes. An error is fatal to the page (its JSON is broken);
// a value of another type, a null or a broken escape leaves `out` empty.
inline simdjson::error_code read_view(ondemand::value& value, std::optional<std::string_view>& out) {
  out.reset();
  std::string_view text;
  if (plain_text(value, text)) {
    out = text;
    return simdjson::SUCCESS;
  }
  ondemand::json_type type;
  if (auto error = value.type().get(type)) return error;
  if (type == ondemand::json_type::null) {
    // type() looks at the first letter only; is_null() tells null from a word that begins like it.
    bool null = false;
    return value.is_null().get(null);
  }
  if (type != ondemand::json_type::string) return simdjson::SUCCESS;
  auto error = value.get_string().get(text);
  // A broken escape (a lone surrogate, say) spoils this value only: simdjson already stands behind it.
  if (error == simdjson::STRING_ERROR) return simdjson::SUCCESS;
  if (error) return error;
  out = text;
  return simdjson::SUCCESS;
}

// The same, to be kept.
inline simdjson::error_code read_text(ondemand::value& value, std::optional<std::string>& out) {
  std::optional<std::string_view> view;
  const auto error = read_view(value, view);
  out.reset();
  if (view) out.emplace(*view);
  return error;
}

// Calls on_field(key, value) for each field of an object; values left unread are skipped. A value that is no
// object yields nothing. on_field returns a simdjson::error_code; an error ends the reading.
template <class OnField>
simdjson::error_code read_fields(ondemand::value& value, const OnField& on_field) {
  ondemand::json_type type;
  if (auto error = value.type().get(type)) return error;
  if (type != ondemand::json_type::object) return simdjson::SUCCESS;
  ondemand::object object;
  if (auto error = value.get_object().get(object)) return error;
  for (auto entry : object) {
    if (auto error = entry.error()) return error;
    // No copies: simdjson's values are of a size that processors are slow to copy just after it was written.
    ondemand::field& field = entry.value_unsafe();
    std::string_view key;
    if (auto error = get_key(field, key)) return error;
    if (auto error = on_field(key, field.value())) return error;
  }
  return simdjson::SUCCESS;
}

// Likewise for the elements of an array.
template <class OnElement>
simdjson::error_code read_elements(ondemand::value& value, const OnElement& on_element) {
  ondemand::json_type type;
  if (auto error = value.type().get(type)) return error;
  if (type != ondemand::json_type::array) return simdjson::SUCCESS;
  ondemand::array array;
  if (auto error = value.get_array().get(array)) return error;
  for (auto entry : array) {
    if (auto error = entry.error()) return error;
    if (auto error = on_element(entry.value_unsafe())) return error;
  }
  return simdjson::SUCCESS;
}

// Reads `body`, whose top must be an array, and calls on_element(value) for each of its elements. on_element
// returns a simdjson::error_code; an error spoils the page. What on_element collected counts only where this
// returns a value. `body` may grow: simdjson reads up to SIMDJSON_PADDING bytes behind the end. `parser`
// keeps its memory for the next page.
template <class OnElement>
Result<void> read_array(ondemand::parser& parser, std::string& body, std::string_view endpoint,
                        const OnElement& on_element) {
  body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  const std::string_view json = without_byte_order_mark(body);
  const std::size_t first = json.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && json[first] != '[') {
    return std::unexpected(
        Error{ErrorClass::malformed,
              "Okta's answer to " + std::string(endpoint) +
                  " is no JSON array; check that okta.url names the org and not a proxy or a page"});
  }
  ondemand::document document;
  const std::size_t skipped = body.size() - json.size();
  const auto read = [&]() -> simdjson::error_code {
    const simdjson::padded_string_view padded(json.data(), json.size(), body.capacity() - skipped);
    if (auto error = parser.iterate(padded).get(document)) return error;
    ondemand::array array;
    if (auto error = document.get_array().get(array)) return error;
    for (auto entry : array) {
      if (auto error = entry.error()) return error;
      if (auto error = on_element(entry.value_unsafe())) return error;
    }
    // At the end there is no location left; anything else is a second document behind the first.
    if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) return simdjson::TRAILING_CONTENT;
    return simdjson::SUCCESS;
  };
  if (auto error = read())
    return std::unexpected(broken_json(json, endpoint, simdjson::error_message(error)));
  return {};
}

template <class OnElement>
Result<void> read_array(std::string& body, std::string_view endpoint, const OnElement& on_element) {
  ondemand::parser parser;
  return read_array(parser, body, endpoint, on_element);
}

// Likewise for a body that is one object: on_object(value) is called once, with it.
template <class OnObject>
Result<void> read_object(std::string& body, std::string_view endpoint, const OnObject& on_object) {
  // One way of reading instead of two: the object becomes the only element of an array.
  const std::string_view json = without_byte_order_mark(body);
  const std::size_t first = json.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && json[first] != '{') {
    return std::unexpected(
        Error{ErrorClass::malformed,
              "Okta's answer to " + std::string(endpoint) +
                  " is no JSON object; check that okta.url names the org and not a proxy or a page"});
  }
  if (first == std::string_view::npos) return std::unexpected(broken_json(json, endpoint, "no JSON found"));
  std::string wrapped;
  wrapped.reserve(json.size() + 2 + simdjson::SIMDJSON_PADDING);
  wrapped.append("[").append(json).append("]");
  std::size_t objects = 0;
  auto read = read_array(wrapped, endpoint, [&](ondemand::value& value) {
    ++objects;
    return on_object(value);
  });
  if (read && objects == 1) return {};
  return std::unexpected(broken_json(json, endpoint, "it is not one object"));
}

}  // namespace exporter::okta::json
