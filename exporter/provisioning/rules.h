// The built-in rules: every text that we know, in one place. The vendors' words are facts of theirs; where
// each one comes from is written beside it in rules.cpp.
#pragma once

#include <span>
#include <string_view>

#include "provisioning/vocabulary.h"

namespace exporter::provisioning {

// `pattern` is folded (lower case, single spaces, ASCII apostrophes) and is looked for anywhere in the folded
// text.
struct TextRule {
  std::string_view pattern;
  Reason reason;
};
struct StatusRule {
  int first;  // HTTP status, inclusive range
  int last;
  Reason reason;
};
// An HTTP reason phrase with which a SCIM connector begins ("Conflict. Errors reported by remote server: …").
struct PhraseRule {
  std::string_view phrase;
  int status;
};
struct AclRule {
  std::string_view pattern;
  AclOperation operation;
};
// How an event type or legacy type (lower case) tells a reason when there is no text that does.
struct TypeRule {
  enum class Where : unsigned char { ends, contains, ends_without_legacy };
  std::string_view pattern;
  Where where;
  Reason reason;
};

// In the order in which they are tried.
std::span<const TextRule> detail_rules();  // what names a cause; tried before the status
std::span<const StatusRule> status_rules();
std::span<const PhraseRule> phrase_rules();
std::span<const TextRule> template_rules();  // Okta's own sentences around the cause; tried last
std::span<const AclRule> acl_rules();
std::span<const TypeRule> type_rules();

}  // namespace exporter::provisioning
