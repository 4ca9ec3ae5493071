// A Table API list answer, straight into rows.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "servicenow/records.h"

namespace exporter::servicenow {

// Reads {"result":[{"sys_id":…,<match fields>,"active":…,"locked_out":…,"sys_updated_on":…},…]} to its very
// end. Rows come back only then: a quota kill leaves a 200 with a cut body or with "error" beside "result"
// (servicenow.md 0.5). `body` is made room in for the parser's padding and is otherwise left alone. Errors:
// incomplete (cut or broken JSON, an "error" key anywhere at the top), malformed (no "result" array).
// `match_fields` as in UsersTable, at most 32 of them.
Result<UserPage> parse_user_page(std::string& body, const std::vector<std::string>& match_fields);

// Reads the pages of one listing, each in the memory that the one before it needed. Not thread-safe.
class UserPageReader {
 public:
  explicit UserPageReader(std::vector<std::string> match_fields);
  ~UserPageReader();
  UserPageReader(const UserPageReader&) = delete;
  UserPageReader& operator=(const UserPageReader&) = delete;

  // As parse_user_page(). After a value page() holds the rows, until the next read().
  Result<void> read(std::string& body);
  UserPage& page() { return page_; }

 private:
  struct Parser;  // simdjson's; its header is heavy
  std::vector<std::string> match_fields_;
  std::unique_ptr<Parser> parser_;
  UserPage page_;
};

}  // namespace exporter::servicenow
