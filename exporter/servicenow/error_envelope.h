// {"error":{"message":…,"detail":…},"status":"failure"}: ServiceNow's own words about a refusal.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace exporter::servicenow {

struct ErrorEnvelope {
  std::string message;
  std::string detail;  // empty where null
};

// nullopt where the body is none.
std::optional<ErrorEnvelope> parse_error_envelope(std::string_view body);

// Appends ServiceNow's own words to an error's message: they tell a table ACL from a query ACL from a
// business rule, and without them a 403 can't be acted on. Nothing happens where the body is no envelope.
void add_own_words(Error& error);

// Begins the message with whose answer it was, and ends it with what to do where it does not say so yet.
void name_answer(Error& error, std::string_view table, std::string_view authority);

// "Failed API level ACL Validation": also what a session answers that a node switch has restored without its
// roles (KB2466644). Asked once more on a fresh connection before it is believed.
bool may_be_transient(const Error& error);

}  // namespace exporter::servicenow
