#include "provisioning/classifier.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include <regex.h>

#include "base/text.h"
#include "provisioning/rules.h"

namespace exporter::provisioning {
namespace {

// outcome.reason has at most 255 characters; a longer text comes from a test or a changed API and is read
// this far.
constexpr std::size_t kLongestText = 4096;
// Of a pattern that the end of a cut text begins, so many characters must be there.
constexpr std::size_t kShortestTail = 10;

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

// How texts are compared: folded, with the escapes undone that a JSON answer leaves when it is quoted inside
// a text.
std::string normalise(std::string_view text) {
  std::string result = fold(text.substr(0, kLongestText));
  replace_all(result, "\xE2\x80\x99", "'");
  replace_all(result, "\\u0027", "'");
  replace_all(result, "\\'", "'");
  replace_all(result, "\\\"", "\"");
  return result;
}

// The connector's own text, without Okta's two layers around it: "Automatic provisioning of user X to app Y
// failed: " and "Error while creating user X: ". They hold names of people and apps, in which no rule may
// find anything.
std::string_view connector_text(std::string_view text) {
  constexpr std::array<std::string_view, 7> kOperationPrefixes = {
      "error while ",     "error authenticating",
      "error pushing ",   "errors during execution",
      "error executing ", "api error",
      "failure:"};
  constexpr std::string_view kFailed = " failed:";
  for (;;) {
    std::size_t end = std::string_view::npos;
    if (text.starts_with("automatic ")) {
      end = text.find(kFailed);
      if (end != std::string_view::npos) end += kFailed.size();
    } else if (std::any_of(kOperationPrefixes.begin(), kOperationPrefixes.end(),
                           [&](std::string_view prefix) { return text.starts_with(prefix); })) {
      end = text.find(':');
      if (end != std::string_view::npos) end += 1;
    }
    if (end == std::string_view::npos) return text;
    text = trim(text.substr(end));
  }
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || c == '_'; }

// Three digits at the front of the text and no more, as a status.
std::optional<int> status_at_front(std::string_view text) {
  if (text.size() < 3 || !std::all_of(text.begin(), text.begin() + 3, is_digit)) return std::nullopt;
  if (text.size() > 3 && is_word(text[3])) return std::nullopt;
  const int status = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
  return status >= 400 && status <= 599 ? std::optional(status) : std::nullopt;
}

// "404. No Record found", "404 {…", "HTTP status code 400", "httpStatusCode=400", "Conflict. Errors reported
// by …".
std::optional<int> status_of(std::string_view text) {
  if (auto status = status_at_front(text)) return status;
  for (const std::string_view marker :
       {"status code ", "status code: ", "statuscode=", "http status ", "http "}) {
    for (std::size_t at = text.find(marker); at != std::string_view::npos; at = text.find(marker, at + 1)) {
      if (auto status = status_at_front(text.substr(at + marker.size()))) return status;
    }
  }
  for (const PhraseRule& rule : phrase_rules()) {
    if (text.starts_with(rule.phrase) &&
        (text.size() == rule.phrase.size() || !is_word(text[rule.phrase.size()]))) {
      return rule.status;
    }
    if (text.find(std::string(rule.phrase) + ". errors reported by remote server") !=
        std::string_view::npos) {
      return rule.status;
    }
  }
  return std::nullopt;
}

std::optional<Reason> find_rule(std::string_view text, std::span<const TextRule> rules) {
  for (const TextRule& rule : rules) {
    if (text.find(rule.pattern) != std::string_view::npos) return rule.reason;
  }
  return std::nullopt;
}

// How much of the pattern's beginning stands at the text's end, as in a text that was cut there; 0 for too
// little.
std::size_t tail_length(std::string_view text, std::string_view pattern) {
  for (std::size_t size = std::min(text.size(), pattern.size()); size >= kShortestTail; --size) {
    if (text.ends_with(pattern.substr(0, size))) return size;
  }
  return 0;
}

std::optional<Reason> find_cut_rule(std::string_view text, std::span<const TextRule> rules) {
  std::size_t longest = 0;
  std::optional<Reason> reason;
  for (const TextRule& rule : rules) {
    const std::size_t size = tail_length(text, rule.pattern);
    if (size > longest) {
      longest = size;
      reason = rule.reason;
    }
  }
  return reason;
}

std::optional<Reason> find_status_rule(int status) {
  for (const StatusRule& rule : status_rules()) {
    if (status >= rule.first && status <= rule.last) return rule.reason;
  }
  return std::nullopt;
}

std::optional<Reason> reason_of_text(std::string_view text) {
  const std::string_view connector = connector_text(text);
  if (auto reason = find_rule(connector, detail_rules())) return reason;
  if (auto reason = find_cut_rule(connector, detail_rules())) return reason;
  if (const auto status = status_of(connector)) {
    // "Error authenticating: Forbidden. …" is about credentials; a 403 as such is about permissions.
    const bool authenticating = *status == 403 && text.find("error authenticating") != std::string_view::npos;
    if (auto reason = authenticating ? Reason::authentication : find_status_rule(*status)) return reason;
  }
  return find_rule(text, template_rules());
}

std::optional<Reason> reason_of_types(std::string_view event_type, std::string_view legacy_event_type) {
  const std::string type = to_lower(event_type);
  const std::string legacy = to_lower(legacy_event_type);
  for (const TypeRule& rule : type_rules()) {
    const auto matches = [&](const std::string& text) {
      switch (rule.where) {
        case TypeRule::Where::ends:
          return text.ends_with(rule.pattern);
        case TypeRule::Where::contains:
          return text.find(rule.pattern) != std::string::npos;
        case TypeRule::Where::ends_without_legacy:
          return legacy.empty() && text.ends_with(rule.pattern);
      }
      return false;
    };
    if (matches(legacy) || matches(type)) return rule.reason;
  }
  return std::nullopt;
}

std::string_view target_table(Operation operation) {
  switch (operation) {
    case Operation::group_push:
      return "sys_user_group";
    case Operation::group_membership:
      return "sys_user_grmember";
    case Operation::connection:
    case Operation::other:
      return "other";
    default:
      return "sys_user";
  }
}

// "… table 'sys_user'", "read access to sys_user_has_role not granted"; empty where the text names none, or
// was cut in the middle of the name.
std::string_view named_table(std::string_view text) {
  for (const std::string_view marker : {"table '", "table \"", " access to ", "part of the query on ",
                                        "attempt to query against ", " operation against '"}) {
    const std::size_t at = text.find(marker);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = text.substr(at + marker.size());
    const auto end =
        static_cast<std::size_t>(std::find_if_not(rest.begin(), rest.end(), is_word) - rest.begin());
    const char closing = marker.back();
    // A field may follow: "sys_user.email".
    const bool ended = end < rest.size() && (rest[end] == closing || (closing == ' ' && rest[end] == '.'));
    if (end > 0 && ended) return rest.substr(0, end);
  }
  return {};
}

AclOperation acl_operation(std::string_view text) {
  for (const AclRule& rule : acl_rules()) {
    if (text.find(rule.pattern) != std::string_view::npos) return rule.operation;
  }
  std::size_t longest = 0;
  AclOperation operation = AclOperation::unknown;
  bool unique = true;
  for (const AclRule& rule : acl_rules()) {
    const std::size_t size = tail_length(text, rule.pattern);
    if (size == 0 || size < longest) continue;
    // "ACL Exception " begins several of them and so decides nothing.
    unique = size > longest || (unique && operation == rule.operation);
    longest = size;
    operation = rule.operation;
  }
  return unique ? operation : AclOperation::unknown;
}

Classification classified(Reason reason, bool matched, std::string_view text, Operation operation) {
  Classification result{reason, std::nullopt, matched};
  if (reason == Reason::acl_denied) {
    const std::string_view table = named_table(text);
    result.denial = Denial{std::string(table.empty() ? target_table(operation) : table), acl_operation(text)};
  }
  return result;
}

}  // namespace

struct Classifier::Rules {
  struct FreeExpression {
    void operator()(regex_t* expression) const {
      regfree(expression);
      delete expression;
    }
  };
  struct Compiled {
    std::unique_ptr<regex_t, FreeExpression> expression;
    Reason reason;

    bool matches(const std::string& text) const {
      return regexec(expression.get(), text.c_str(), 0, nullptr, 0) == 0;
    }
  };
  std::vector<Compiled> configured;
};

Classifier::Classifier(std::unique_ptr<Rules> rules) : rules_(std::move(rules)) {}
Classifier::Classifier(Classifier&&) noexcept = default;
Classifier& Classifier::operator=(Classifier&&) noexcept = default;
Classifier::~Classifier() = default;

Result<Classifier> Classifier::make(const std::vector<ConfiguredRule>& rules) {
  auto compiled = std::make_unique<Rules>();
  compiled->configured.reserve(rules.size());
  for (std::size_t i = 0; i < rules.size(); ++i) {
    auto expression = std::make_unique<regex_t>();
    const int error = regcomp(expression.get(), rules[i].match.c_str(), REG_EXTENDED | REG_ICASE | REG_NOSUB);
    if (error != 0) {
      // Not to be freed: POSIX leaves a failed expression undefined.
      std::array<char, 256> why{};
      regerror(error, expression.get(), why.data(), why.size());
      return std::unexpected(Error{ErrorClass::malformed,
                                   "classification[" + std::to_string(i) + "].match: \"" + rules[i].match +
                                       "\" is no POSIX extended regular expression: " + why.data()});
    }
    compiled->configured.push_back(
        {decltype(Rules::Compiled::expression)(expression.release()), rules[i].reason});
  }
  return Classifier(std::move(compiled));
}

Classification Classifier::classify(std::string_view text, std::string_view event_type,
                                    std::string_view legacy_event_type, Operation operation) const {
  const std::string normal = normalise(text);
  if (!normal.empty()) {
    if (!rules_->configured.empty()) {
      const std::string raw(text.substr(0, kLongestText));
      for (const auto& rule : rules_->configured) {
        // The second try forgives doubled spaces, as the built-in rules do.
        if (rule.matches(raw) || rule.matches(normal))
          return classified(rule.reason, true, normal, operation);
      }
    }
    const auto reason = reason_of_text(normal);
    if (reason && *reason != Reason::other) return classified(*reason, true, normal, operation);
    // A sentence without a cause ("Failed to create new a user."), or an unknown one: the type may still name
    // it.
    const auto by_type = reason_of_types(event_type, legacy_event_type);
    return classified(by_type.value_or(Reason::other), reason.has_value(), normal, operation);
  }
  const auto by_type = reason_of_types(event_type, legacy_event_type);
  // Nothing to know is nothing unknown: an event without a text is no gap in the rules.
  return classified(by_type.value_or(Reason::other), true, normal, operation);
}

int specificity(Reason reason) {
  switch (reason) {
    case Reason::business_rule:
      return 13;
    case Reason::data_policy:
      return 12;
    case Reason::acl_denied:
      return 11;
    case Reason::authentication:
      return 10;
    case Reason::duplicate:
      return 9;
    case Reason::ambiguous_match:
      return 8;
    case Reason::license:
      return 7;
    case Reason::unlinked:
      return 6;
    case Reason::no_match:
      return 5;
    case Reason::record_not_found_or_hidden:
      return 4;
    case Reason::validation:
      return 3;
    // Okta retries after a rate limit by itself: whatever else is said about the task says more.
    case Reason::rate_limited:
      return 2;
    case Reason::remote_error:
      return 1;
    case Reason::other:
      return 0;
  }
  return 0;
}

}  // namespace exporter::provisioning
