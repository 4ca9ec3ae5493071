#include "servicenow/user_page.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include <simdjson.h>

#include "base/json_text.h"
#include "base/text.h"

namespace exporter::servicenow {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;
using simdjson::SUCCESS;

constexpr int kMaxDepth = 32;

// Reads a value that nobody asked for. On-Demand does not look into what it skips, and would take junk there
// for a page that was read well.
error_code check(ondemand::value& value, int depth) {
  if (depth > kMaxDepth) return simdjson::DEPTH_ERROR;
  ondemand::json_type type{};
  if (const auto error = value.type().get(type)) return error;
  switch (type) {
    case ondemand::json_type::object: {
      ondemand::object object;
      if (const auto error = value.get_object().get(object)) return error;
      for (auto item : object) {
        if (const auto error = item.error()) return error;
        ondemand::field& field = item.value_unsafe();
        std::string_view key;
        if (const auto error = json::get_key(field, key)) return error;
        if (const auto error = check(field.value(), depth + 1)) return error;
      }
      return SUCCESS;
    }
    case ondemand::json_type::array: {
      ondemand::array array;
      if (const auto error = value.get_array().get(array)) return error;
      for (auto item : array) {
        if (const auto error = item.error()) return error;
        ondemand::value& element = item.value_unsafe();
        if (const auto error = check(element, depth + 1)) return error;
      }
      return SUCCESS;
    }
    case ondemand::json_type::string: {
      std::string_view text;
      return json::get_text(value, text);
    }
    case ondemand::json_type::number: {
      double number = 0;
      return value.get_double().get(number);
    }
    case ondemand::json_type::boolean: {
      bool boolean = false;
      return value.get_bool().get(boolean);
    }
    case ondemand::json_type::null: {
      bool null = false;
      if (const auto error = value.is_null().get(null)) return error;
      return null ? SUCCESS : simdjson::N_ATOM_ERROR;
    }
  }
  return simdjson::TAPE_ERROR;
}

// A field's value as text. Everything should be a string (servicenow.md 7); a reference is {"link","value"},
// and with display values {"display_value","value"}; null is empty.
// To be used before the page's parser goes.
error_code read_text(ondemand::value& value, std::string_view& text, int depth = 0) {
  text = {};
  if (json::plain_text(value, text)) return SUCCESS;
  ondemand::json_type type{};
  if (const auto error = value.type().get(type)) return error;
  switch (type) {
    case ondemand::json_type::string:  // with escapes
      return value.get_string().get(text);
    case ondemand::json_type::boolean: {
      bool boolean = false;
      if (const auto error = value.get_bool().get(boolean)) return error;
      text = boolean ? "true" : "false";
      return SUCCESS;
    }
    case ondemand::json_type::number: {
      text = trim(value.raw_json_token());
      double number = 0;
      return value.get_double().get(number);
    }
    case ondemand::json_type::object: {
      if (depth > 0) return check(value, 1);
      ondemand::object object;
      if (const auto error = value.get_object().get(object)) return error;
      bool has_value = false;
      for (auto item : object) {
        if (const auto error = item.error()) return error;
        ondemand::field& field = item.value_unsafe();
        std::string_view key;
        if (const auto error = json::get_key(field, key)) return error;
        if (key == "value") {
          if (const auto error = read_text(field.value(), text, depth + 1)) return error;
          has_value = true;
        } else if (key == "display_value" && !has_value) {
          if (const auto error = read_text(field.value(), text, depth + 1)) return error;
        } else if (const auto error = check(field.value(), 1)) {
          return error;
        }
      }
      return SUCCESS;
    }
    case ondemand::json_type::array:
    case ondemand::json_type::null:
      return check(value, 1);
  }
  return simdjson::TAPE_ERROR;
}

std::optional<bool> to_bool(std::string_view text) {
  // As ServiceNow writes them.
  if (json::is(text, "true")) return true;
  if (json::is(text, "false")) return false;
  if (text == "1" || equals_ignore_case(text, "true")) return true;
  if (text == "0" || equals_ignore_case(text, "false")) return false;
  return std::nullopt;
}

class PageReader {
 public:
  // Puts the rows over those that the page holds.
  PageReader(const std::vector<std::string>& match_fields, UserPage& page)
      : match_fields_(match_fields), page_(page) {
    page_.malformed = 0;
  }

  error_code read(ondemand::document& document) {
    ondemand::object top;
    if (const auto error = document.get_object().get(top)) return error;
    for (auto item : top) {
      if (const auto error = item.error()) return error;
      ondemand::field& field = item.value_unsafe();
      std::string_view key;
      if (const auto error = json::get_key(field, key)) return error;
      if (key == "error") has_error = true;
      if (key == "result") {
        if (const auto error = read_result(field.value())) return error;
      } else if (const auto error = check(field.value(), 1)) {
        return error;
      }
    }
    const char* rest = nullptr;
    return document.current_location().get(rest) == simdjson::OUT_OF_BOUNDS ? SUCCESS
                                                                            : simdjson::TRAILING_CONTENT;
  }

  bool has_error = false;
  int results = 0;       // how many "result" arrays; a second one makes the page ambiguous
  std::size_t rows = 0;  // how many of the page's rows are of this answer

 private:
  error_code read_result(ondemand::value& value) {
    ondemand::json_type type{};
    if (const auto error = value.type().get(type)) return error;
    if (type != ondemand::json_type::array) return check(value, 1);
    ++results;
    ondemand::array array;
    if (const auto error = value.get_array().get(array)) return error;
    for (auto item : array) {
      if (const auto error = item.error()) return error;
      ondemand::value& element = item.value_unsafe();
      if (const auto error = element.type().get(type)) return error;
      if (type != ondemand::json_type::object) {
        ++page_.malformed;
        if (const auto error = check(element, 1)) return error;
      } else if (const auto error = read_row(element)) {
        return error;
      }
    }
    return SUCCESS;
  }

  error_code read_row(ondemand::value& element) {
    ondemand::object object;
    if (const auto error = element.get_object().get(object)) return error;
    if (rows == page_.rows.size()) page_.rows.emplace_back();
    UserRow& row = page_.rows[rows];
    row.sys_id.clear();
    row.keys.resize(match_fields_.size());
    for (std::string& kept : row.keys) kept.clear();
    row.active.reset();
    row.locked_out.reset();
    row.updated.reset();
    row.unreadable_keys = static_cast<std::uint32_t>((std::uint64_t{1} << match_fields_.size()) - 1);
    bool contradicts = false;
    for (auto item : object) {
      if (const auto error = item.error()) return error;
      ondemand::field& field = item.value_unsafe();
      std::string_view key;
      if (const auto error = json::get_key(field, key)) return error;
      const auto match = std::find(match_fields_.begin(), match_fields_.end(), key);
      const bool is_id = json::is(key, "sys_id");
      const bool is_active = json::is(key, "active");
      const bool is_locked_out = json::is(key, "locked_out");
      const bool is_updated = json::is(key, "sys_updated_on");
      const bool known = match != match_fields_.end() || is_id || is_active || is_locked_out || is_updated;
      if (!known) {
        if (const auto error = check(field.value(), 1)) return error;
        continue;
      }
      std::string_view text;
      if (const auto error = read_text(field.value(), text)) return error;
      if (match != match_fields_.end()) {
        const auto index = static_cast<std::size_t>(match - match_fields_.begin());
        const std::uint32_t bit = std::uint32_t{1} << index;
        if ((row.unreadable_keys & bit) == 0 && row.keys[index] != text) contradicts = true;
        row.keys[index] = text;
        row.unreadable_keys &= ~bit;
      }
      if (is_id) {
        if (!row.sys_id.empty() && row.sys_id != text) contradicts = true;
        row.sys_id = text;
      } else if (is_active) {
        row.active = to_bool(text);
      } else if (is_locked_out) {
        row.locked_out = to_bool(text);
      } else if (is_updated) {
        row.updated = parse_iso8601(text);
      }
    }
    // The same key twice with two values: whichever we took could be the wrong one.
    if (row.sys_id.empty() || contradicts) {
      ++page_.malformed;
    } else {
      ++rows;
    }
    return SUCCESS;
  }

  const std::vector<std::string>& match_fields_;
  UserPage& page_;
};

}  // namespace

struct UserPageReader::Parser {
  ondemand::parser parser;
};

UserPageReader::UserPageReader(std::vector<std::string> match_fields)
    : match_fields_(std::move(match_fields)), parser_(std::make_unique<Parser>()) {}

UserPageReader::~UserPageReader() = default;

Result<UserPage> parse_user_page(std::string& body, const std::vector<std::string>& match_fields) {
  UserPageReader reader(match_fields);
  if (auto read = reader.read(body); !read) return std::unexpected(std::move(read.error()));
  return std::move(reader.page());
}

Result<void> UserPageReader::read(std::string& body) {
  if (match_fields_.size() > 32)
    return std::unexpected(Error{ErrorClass::malformed, "more than 32 match fields"});
  const std::size_t begin = body.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  const std::size_t length = body.size() - begin;
  // The parser reads a few bytes past the end; reserving spares a copy of the page.
  body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  ondemand::document document;
  PageReader reader(match_fields_, page_);
  const simdjson::padded_string_view json(body.data() + begin, length, body.capacity() - begin);
  error_code error = parser_->parser.iterate(json).get(document);
  if (error == SUCCESS) error = reader.read(document);
  if (error != SUCCESS) {
    if (error == simdjson::INCORRECT_TYPE) {
      return std::unexpected(Error{ErrorClass::malformed, "the answer is no object with a \"result\" array"});
    }
    return std::unexpected(
        Error{ErrorClass::incomplete, std::string("the answer's JSON is cut off or broken (") +
                                          simdjson::error_message(error) +
                                          "); if it happens again, lower servicenow.users.page_size"});
  }
  if (reader.has_error) {
    return std::unexpected(Error{
        ErrorClass::incomplete,
        "the answer holds \"error\": ServiceNow gave the transaction up midway; if it happens again, lower "
        "servicenow.users.page_size"});
  }
  if (reader.results != 1) {
    return std::unexpected(
        Error{ErrorClass::malformed, "the answer holds no (or more than one) \"result\" array"});
  }
  page_.rows.resize(reader.rows);
  return {};
}

}  // namespace exporter::servicenow
