#include "simulator/encoded_query.h"

#include <algorithm>
#include <array>
#include <optional>

#include "simulator/text.h"

namespace simulator {
namespace {

// Longer operators stand before those that they begin with.
constexpr std::array<std::string_view, 18> kOperations = {
    "NOT IN",     "NOT LIKE", "ISNOTEMPTY", "ISEMPTY", "EMPTYSTRING", "ANYTHING",
    "STARTSWITH", "ENDSWITH", "BETWEEN",    "LIKE",    "IN",          "!=",
    "!*",         "<=",       ">=",         "=",       "<",           ">"};

// "^^" is a literal caret inside a value, so it does not end the part.
std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> parts(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '^') {
      parts.back().push_back(text[i]);
    } else if (i + 1 < text.size() && text[i + 1] == '^') {
      parts.back().push_back('^');
      ++i;
    } else {
      parts.emplace_back();
    }
  }
  return parts;
}

std::optional<Condition> parse_condition(std::string_view part) {
  std::size_t at = 0;
  while (at < part.size() && ((part[at] >= 'a' && part[at] <= 'z') || (part[at] >= '0' && part[at] <= '9') ||
                              part[at] == '_' || part[at] == '.')) {
    ++at;
  }
  if (at == 0) return std::nullopt;
  Condition condition;
  condition.field = part.substr(0, at);
  for (const std::string_view operation : kOperations) {
    if (!part.substr(at).starts_with(operation)) continue;
    condition.operation = operation;
    condition.value = part.substr(at + operation.size());
    if (operation == "IN" || operation == "NOT IN") condition.list = split(condition.value, ',');
    if (operation == "BETWEEN") condition.list = split(condition.value, '@');
    if (operation == "BETWEEN" && condition.list.size() != 2) return std::nullopt;
    return condition;
  }
  return std::nullopt;
}

std::string in_form(const std::string& text, bool ignore_case) { return ignore_case ? lower(text) : text; }

}  // namespace

bool needs_query_range(std::string_view operation) {
  constexpr std::array<std::string_view, 8> kMatch = {"=",           "!=",       "IN",      "NOT IN",
                                                      "EMPTYSTRING", "ANYTHING", "ISEMPTY", "ISNOTEMPTY"};
  return std::find(kMatch.begin(), kMatch.end(), operation) == kMatch.end();
}

bool EncodedQuery::uses_query_range() const {
  if (!order.empty()) return true;
  for (const Group& group : groups) {
    for (const Alternatives& alternatives : group) {
      if (std::any_of(alternatives.begin(), alternatives.end(),
                      [](const Condition& c) { return needs_query_range(c.operation); })) {
        return true;
      }
    }
  }
  return false;
}

void EncodedQuery::drop_query_range() {
  order.clear();
  for (Group& group : groups) {
    for (Alternatives& alternatives : group) {
      std::erase_if(alternatives, [](const Condition& c) { return needs_query_range(c.operation); });
    }
    std::erase_if(group, [](const Alternatives& alternatives) { return alternatives.empty(); });
  }
}

EncodedQuery parse_encoded_query(std::string_view text, const std::set<std::string>& columns) {
  EncodedQuery query;
  query.groups.emplace_back();
  bool last_was_dropped = false;
  for (std::string part : parts_of(text)) {
    if (part.empty() || part == "EQ") continue;
    if (part.starts_with("ORDERBY")) {
      const bool descending = part.starts_with("ORDERBYDESC");
      const std::string column = part.substr(descending ? 11 : 7);
      if (columns.contains(column)) {
        query.order.push_back({column, descending});
        query.fields.insert(column);
      } else {
        query.dropped.push_back(part);
      }
      continue;
    }
    bool alternative = false;
    if (part.starts_with("NQ")) {
      query.groups.emplace_back();
      part = part.substr(2);
    } else if (part.starts_with("OR")) {
      alternative = true;
      part = part.substr(2);
    }
    const auto condition = parse_condition(part);
    if (!condition || !columns.contains(condition->field)) {
      query.dropped.push_back(part);
      last_was_dropped = true;
      continue;
    }
    query.fields.insert(condition->field);
    EncodedQuery::Group& group = query.groups.back();
    // An alternative to a part that was dropped stands alone.
    if (alternative && !group.empty() && !last_was_dropped) {
      group.back().push_back(*condition);
    } else {
      group.push_back({*condition});
    }
    last_was_dropped = false;
  }
  return query;
}

bool matches(const Condition& condition, const ColumnLookup& lookup,
             const std::set<std::string>& case_insensitive) {
  const bool ignore_case = case_insensitive.contains(condition.field);
  const std::string& operation = condition.operation;
  if (operation == "ANYTHING") return true;
  const std::string value = in_form(lookup(condition.field), ignore_case);
  const std::string wanted = in_form(condition.value, ignore_case);
  if (operation == "=") return value == wanted;
  if (operation == "!=") return value != wanted;
  if (operation == "IN" || operation == "NOT IN") {
    const bool in = std::any_of(condition.list.begin(), condition.list.end(),
                                [&](const std::string& item) { return in_form(item, ignore_case) == value; });
    return in == (operation == "IN");
  }
  if (operation == "<") return value < wanted;
  if (operation == ">") return value > wanted;
  if (operation == "<=") return value <= wanted;
  if (operation == ">=") return value >= wanted;
  if (operation == "BETWEEN") return condition.list[0] <= value && value <= condition.list[1];
  if (operation == "STARTSWITH") return starts_with_ignoring_case(value, wanted);
  if (operation == "ENDSWITH") return lower(value).ends_with(lower(wanted));
  if (operation == "LIKE") return contains_ignoring_case(value, wanted);
  if (operation == "NOT LIKE" || operation == "!*") return !contains_ignoring_case(value, wanted);
  if (operation == "ISNOTEMPTY") return !value.empty();
  return value.empty();  // ISEMPTY, EMPTYSTRING
}

bool matches(const EncodedQuery& query, const ColumnLookup& value,
             const std::set<std::string>& case_insensitive) {
  return std::any_of(query.groups.begin(), query.groups.end(), [&](const EncodedQuery::Group& group) {
    return std::all_of(group.begin(), group.end(), [&](const EncodedQuery::Alternatives& alternatives) {
      return std::any_of(alternatives.begin(), alternatives.end(),
                         [&](const Condition& c) { return matches(c, value, case_insensitive); });
    });
  });
}

}  // namespace simulator
