#include "config/classification_section.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include <regex.h>

namespace exporter::config {

namespace {

constexpr std::size_t kMaxPatternBytes = 1000;

// The reason why the pattern does not compile, empty when it does.
std::string pattern_fault(const std::string& pattern) {
  if (pattern.size() > kMaxPatternBytes) {
    return "is longer than " + std::to_string(kMaxPatternBytes) + " characters";
  }
  regex_t compiled;
  const int code = ::regcomp(&compiled, pattern.c_str(), REG_EXTENDED | REG_ICASE | REG_NOSUB);
  if (code != 0) {
    std::string text(256, '\0');
    // The size counts the ending zero.
    const std::size_t size = ::regerror(code, &compiled, text.data(), text.size());
    text.resize(std::min(size, text.size()) - 1);
    return "is not a POSIX extended regular expression: " + text;
  }
  ::regfree(&compiled);
  return {};
}

}  // namespace

void read_classification_rule(const Value& value, std::vector<ClassificationRule>& out) {
  read_object(value, [&](Object& object) {
    ClassificationRule rule;
    const Value match = object["match"];
    const Value reason = object["reason"];
    if (!match.present()) object.missing("match", "write a regular expression for the text of the failure");
    if (!reason.present()) object.missing("reason", "write the reason that a matching failure gets");
    if (match.read(rule.match)) {
      if (const std::string fault = pattern_fault(rule.match); !fault.empty()) match.error(fault);
    }
    std::size_t index = 0;
    if (reason.read_word(index, {kClassificationReasons.begin(), kClassificationReasons.end()})) {
      rule.reason = kClassificationReasons[index];
    }
    out.push_back(std::move(rule));
  });
}

}  // namespace exporter::config
