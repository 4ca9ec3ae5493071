// A Table API list answer, straight into rows.
#pragma once

#include <cstddef>
#include <string>

#include "base/error.h"
#include "servicenow/records.h"

namespace exporter::servicenow {

// Reads {"result":[{"sys_id":…,<match fields>,"active":…,"locked_out":…,"sys_updated_on":…},…]} to its very
// end. Rows come back only then: a quota kill leaves a 200 with a cut body or with "error" beside "result"
// (servicenow.md 0.5). `body` is made room in for the parser's padding and is otherwise left alone. Errors:
// incomplete (cut or broken JSON, an "error" key anywhere at the top), malformed (no "result" array).
// `match_fields` as in UsersTable, at most 32 of them.
Result<UserPage> parse_user_page(std::string& body, const std::vector<std::string>& match_fields);

}  // namespace exporter::servicenow
