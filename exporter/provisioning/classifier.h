// Why a task failed, out of the text that Okta kept of ServiceNow's answer.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "provisioning/vocabulary.h"

namespace exporter::provisioning {

// An ACL refusal as the text and the operation tell it.
struct Denial {
  std::string table;  // as the text names it, else the operation's target: sys_user, sys_user_group,
                      // sys_user_grmember
  AclOperation operation = AclOperation::unknown;
};

struct Classification {
  Reason reason = Reason::other;
  std::optional<Denial> denial;
  bool matched = false;  // false: no rule knew the text
};

// A rule of the configuration: a POSIX extended regular expression, matched without case anywhere in the
// text.
struct ConfiguredRule {
  std::string match;
  Reason reason = Reason::other;
};

// Thread-safe after construction.
class Classifier {
 public:
  // An error (malformed) names the rule whose expression does not compile.
  static Result<Classifier> make(const std::vector<ConfiguredRule>& rules);
  Classifier(Classifier&&) noexcept;
  Classifier& operator=(Classifier&&) noexcept;
  ~Classifier();

  // Configured rules first, then the built-in table, most specific first. Accepts the text in any of its
  // three layers (task text, operation prefix, connector text), cut at 255 characters, in any case and
  // spacing. An empty text takes its reason from the event's types.
  Classification classify(std::string_view text, std::string_view event_type,
                          std::string_view legacy_event_type, Operation operation) const;

 private:
  struct Rules;
  explicit Classifier(std::unique_ptr<Rules> rules);
  std::unique_ptr<Rules> rules_;
};

// Higher wins where one task carries several failures; equal reasons: the earliest.
int specificity(Reason reason);

}  // namespace exporter::provisioning
