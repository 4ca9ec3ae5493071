#include "storage/known_links.h"

#include <algorithm>
#include <limits>
#include <string_view>

namespace exporter::storage {

namespace {

constexpr char kBetweenKeys = '\n';  // no key holds one: Okta's user names and attributes are single lines

std::string join_keys(const std::vector<std::string>& keys) {
  std::string joined;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (i > 0) {
      joined += kBetweenKeys;
    }
    // A key with a line break in it is no key: it would move the ones behind it.
    if (keys[i].find(kBetweenKeys) == std::string::npos) {
      joined += keys[i];
    }
  }
  return joined;
}

std::vector<std::string> split_keys(std::string_view joined) {
  std::vector<std::string> keys;
  for (;;) {
    const std::size_t end = joined.find(kBetweenKeys);
    keys.emplace_back(joined.substr(0, end));
    if (end == std::string_view::npos) {
      return keys;
    }
    joined.remove_prefix(end + 1);
  }
}

constexpr std::string_view kColumns = "okta_user_id, external_id, keys, status, scope, state, changed";
constexpr int kSlice = 20'000;

constexpr std::string_view kPut =
    "INSERT OR REPLACE INTO link (integration, okta_user_id, external_id, keys, status, scope, state, "
    "changed)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

constexpr std::string_view kAdd =
    "INSERT INTO link (integration, okta_user_id, external_id, keys, status, scope, state, changed)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

void put_with(Statement& put, IntegrationId id, const KnownLink& link) {
  put.run(id, link.okta_user_id, link.external_id, join_keys(link.keys), link.status, link.scope, link.state,
          link.changed);
}

KnownLink read(const Statement& row) {
  return {.okta_user_id = row.text(0),
          .external_id = row.text(1),
          .keys = split_keys(row.text(2)),
          .status = row.text(3),
          .scope = row.text(4),
          .changed = row.time(6),
          .state = row.text(5)};
}

// What differs between the table and the listing, collected before anything is written.
struct LinkPlan {
  std::vector<const KnownLink*> add;  // not in the table
  std::vector<const KnownLink*> put;
  std::vector<std::string> left;
  std::vector<std::string> forget;
};

LinkPlan plan_links(Database& database, IntegrationId id, const LinkRange& range) {
  LinkPlan plan;
  auto next = range.links.begin();
  Statement rows = database.prepare(
      "SELECT okta_user_id, external_id, keys, status, scope, left_at, state, changed FROM link"
      " WHERE integration = ? AND okta_user_id > ? AND (? IS NULL OR okta_user_id <= ?) ORDER BY "
      "okta_user_id");
  rows.bind(id, range.after, range.upto, range.upto);
  while (rows.step()) {
    const std::string_view user = rows.view(0);
    for (; next != range.links.end() && next->okta_user_id < user; ++next) {
      plan.add.push_back(&*next);
    }
    if (next != range.links.end() && next->okta_user_id == user) {
      const KnownLink& link = *next++;
      if (!rows.is_null(5) || rows.view(1) != link.external_id || rows.view(2) != join_keys(link.keys) ||
          rows.view(3) != link.status || rows.view(4) != link.scope || rows.view(6) != link.state ||
          rows.time(7) != link.changed) {
        plan.put.push_back(&link);
      }
    } else if (rows.is_null(5)) {
      (range.keep_leavers && !rows.view(1).empty() ? plan.left : plan.forget).emplace_back(user);
    }
  }
  for (; next != range.links.end(); ++next) {
    plan.add.push_back(&*next);
  }
  return plan;
}

}  // namespace

void remember(Database& database, IntegrationId id, const LinkRange& range, SystemTime now) {
  const LinkPlan todo = plan_links(database, id, range);
  // Most of a first listing; replacing takes SQLite some more.
  Statement add = database.prepare(kAdd);
  for (const KnownLink* link : todo.add) {
    put_with(add, id, *link);
  }
  Statement put = database.prepare(kPut);
  for (const KnownLink* link : todo.put) {
    put_with(put, id, *link);
  }
  Statement leave =
      database.prepare("UPDATE link SET left_at = ? WHERE integration = ? AND okta_user_id = ?");
  for (const std::string& user : todo.left) {
    leave.run(now, id, user);
  }
  Statement forget = database.prepare("DELETE FROM link WHERE integration = ? AND okta_user_id = ?");
  for (const std::string& user : todo.forget) {
    forget.run(id, user);
  }
}

std::vector<KnownLink> find_links(Database& database, IntegrationId id,
                                  std::span<const std::string> okta_user_ids) {
  std::vector<KnownLink> links;
  Statement find = database.prepare("SELECT " + std::string(kColumns) +
                                    " FROM link WHERE integration = ? AND okta_user_id = ?"
                                    " AND left_at IS NULL");
  for (const std::string& user : okta_user_ids) {
    find.bind(id, user);
    if (find.step()) {
      links.push_back(read(find));
    }
  }
  return links;
}

std::optional<std::string> find_in_slice(Database& database, IntegrationId id, const std::string& after,
                                         const LinkFilter& filter, std::vector<KnownLink>& found) {
  Statement rows =
      database.prepare("SELECT " + std::string(kColumns) +
                       " FROM link WHERE integration = ? AND okta_user_id > ? AND left_at IS NULL"
                       " ORDER BY okta_user_id LIMIT ?");
  rows.bind(id, after, kSlice);
  std::optional<std::string> last;
  for (int read_rows = 1; rows.step(); ++read_rows) {
    if (filter(rows.view(1), rows.view(2))) {
      found.push_back(read(rows));
    }
    if (read_rows == kSlice) {
      last = rows.text(0);
    }
  }
  return last;
}

void put_link(Database& database, IntegrationId id, const KnownLink& link) {
  Statement put = database.prepare(kPut);
  put_with(put, id, link);
}

void end_link(Database& database, IntegrationId id, const std::string& okta_user_id, bool keep_leaver,
              SystemTime now) {
  if (keep_leaver) {
    database
        .prepare(
            "UPDATE link SET left_at = ? WHERE integration = ? AND okta_user_id = ? AND left_at IS NULL"
            " AND external_id <> ''")
        .run(now, id, okta_user_id);
  }
  database.prepare("DELETE FROM link WHERE integration = ? AND okta_user_id = ? AND left_at IS NULL")
      .run(id, okta_user_id);
}

std::vector<KnownLink> leavers_to_look_at(Database& database, IntegrationId id, SystemTime left_before,
                                          SystemTime looked_before, std::size_t limit) {
  std::vector<KnownLink> links;
  Statement rows = database.prepare("SELECT " + std::string(kColumns) +
                                    " FROM link WHERE integration = ? AND left_at IS NOT NULL"
                                    " AND left_at < ? AND (looked_at IS NULL OR looked_at < ?)"
                                    " ORDER BY looked_at LIMIT ?");
  rows.bind(id, left_before, looked_before,
            std::min<std::uint64_t>(limit, std::numeric_limits<std::int64_t>::max()));
  while (rows.step()) {
    links.push_back(read(rows));
  }
  return links;
}

void set_leavers(Database& database, IntegrationId id, std::span<const LeaverFound> found, SystemTime now) {
  Statement set = database.prepare(
      "UPDATE link SET looked_at = ?, found = ? WHERE integration = ? AND okta_user_id = ?"
      " AND left_at IS NOT NULL");
  for (const LeaverFound& one : found) {
    set.run(now, one.state, id, one.okta_user_id);
  }
}

std::map<std::string, std::uint64_t> count_leavers(Database& database, IntegrationId id) {
  std::map<std::string, std::uint64_t> counts;
  Statement rows = database.prepare(
      "SELECT found, count(*) FROM link WHERE integration = ? AND left_at IS NOT NULL AND found <> ''"
      " GROUP BY found");
  rows.bind(id);
  while (rows.step()) {
    counts[rows.text(0)] = static_cast<std::uint64_t>(rows.integer(1));
  }
  return counts;
}

}  // namespace exporter::storage
