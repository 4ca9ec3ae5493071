#include "sampling/access_changes_sampler.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "metrics/catalogue.h"
#include "servicenow/records.h"

namespace exporter::sampling {

namespace catalogue = metrics::catalogue;

namespace {

constexpr std::uint64_t kMaxRows = 5000;

// One fact a line: what, a tab, how it is. Neither may hold a tab or a line break.
std::string clean(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ') {
      c = ' ';
    }
  }
  return text;
}

std::string to_content(const std::map<std::string, std::string>& facts) {
  std::string content;
  for (const auto& [what, how] : facts) {
    content.append(what).append("\t").append(how).append("\n");
  }
  return content;
}

std::map<std::string, std::string> from_content(std::string_view content) {
  std::map<std::string, std::string> facts;
  for (const std::string_view line : split(content, '\n')) {
    if (const std::size_t tab = line.find('\t'); tab != std::string_view::npos) {
      facts[std::string(line.substr(0, tab))] = line.substr(tab + 1);
    }
  }
  return facts;
}

std::string value(const servicenow::TextRow& row, std::string_view column) {
  const auto found = row.find(column);
  return found == row.end() ? std::string() : clean(found->second);
}

}  // namespace

AccessChangesSampler::AccessChangesSampler(AccessChangesOptions options, Session& session,
                                           servicenow::TableReader& reader, storage::Store& store,
                                           CounterBook& counters, Log& log)
    : options_(std::move(options)),
      session_(session),
      reader_(reader),
      store_(store),
      counters_(counters),
      log_(log) {}

Result<void> AccessChangesSampler::sample(SampleRun& run) {
  const Result<Session::Opened> opened = session_.open(run.stop());
  if (!opened) {
    return std::unexpected(opened.error());
  }
  auto before = store_.access_state(opened->id);
  if (!before) {
    return std::unexpected(std::move(before.error()));
  }
  std::map<std::string, std::string> state;
  storage::Counters increments;
  using Look = Result<std::optional<Facts>> (AccessChangesSampler::*)(std::stop_token);
  const std::pair<std::string, Look> looks[] = {{"roles", &AccessChangesSampler::roles},
                                                {"acl_rules", &AccessChangesSampler::acl_rules},
                                                {"instance", &AccessChangesSampler::instance}};
  for (const auto& [kind, look] : looks) {
    auto now = (this->*look)(run.stop());
    if (!now) {
      return std::unexpected(std::move(now.error()));
    }
    run.mark();
    if (!*now) {
      continue;
    }
    // The roles of one account say nothing about another's.
    const std::string key = kind == "roles" ? kind + " of " + options_.user_name : kind;
    std::string content = to_content(**now);
    const auto known = before->find(key);
    if (known != before->end() && known->second != content) {
      if (const double changes = report(kind, from_content(known->second), **now); changes > 0) {
        increments[counter_key(catalogue::servicenow_access_changes_total, {kind})] = changes;
      }
    }
    if (known == before->end() || known->second != content) {
      state[key] = std::move(content);
    }
  }
  if (state.empty()) {
    return {};
  }
  if (Result<void> committed = store_.commit_access(opened->id, state, increments); !committed) {
    return committed;
  }
  counters_.committed(increments);
  return {};
}

double AccessChangesSampler::report(const std::string& kind, const Facts& before, const Facts& now) const {
  double changes = 0;
  const auto tell = [&](std::string_view change, const std::string& what, const std::string& how) {
    ++changes;
    log_.warn("access changed in ServiceNow", {{"integration", session_.integration()},
                                               {"kind", kind},
                                               {"change", std::string(change)},
                                               {"what", what},
                                               {"is", how}});
  };
  for (const auto& [what, how] : now) {
    const auto old = before.find(what);
    if (old == before.end()) {
      tell("added", what, how);
    } else if (old->second != how) {
      tell("changed", what, how);
    }
  }
  for (const auto& [what, how] : before) {
    if (!now.contains(what)) {
      tell("removed", what, how);
    }
  }
  return changes;
}

Result<std::optional<servicenow::TextPage>> AccessChangesSampler::read(const std::string& kind,
                                                                       servicenow::TextQuery query,
                                                                       std::stop_token stop) {
  const std::string table = query.table;
  query.limit = kMaxRows;
  auto page = reader_.list(query, std::move(stop));
  std::string why;
  if (!page) {
    const int status = page.error().http_status;
    if (status != 403 && status != 400 && status != 404) {
      return std::unexpected(std::move(page.error()));
    }
    why = page.error().message;
  } else if (page->total.value_or(0) > page->rows.size()) {
    why = "some of its rows are not shown to the reader";
  } else {
    unreadable_.erase(kind);
    return std::optional(std::move(*page));
  }
  if (unreadable_.insert(kind).second) {
    log_.info("changes of this kind are not seen: the reader may not read the table",
              {{"integration", session_.integration()}, {"kind", kind}, {"table", table}, {"why", why}});
  }
  return std::optional<servicenow::TextPage>();
}

Result<std::optional<AccessChangesSampler::Facts>> AccessChangesSampler::roles(std::stop_token stop) {
  if (!servicenow::is_queryable_key(options_.user_name)) {
    return std::optional<Facts>();
  }
  auto page = read("roles",
                   {.table = "sys_user_has_role",
                    .query = "user.user_name=" + options_.user_name,
                    .fields = "sys_id,user.user_name,role.name,role"},
                   std::move(stop));
  if (!page) {
    return std::unexpected(std::move(page.error()));
  }
  if (!*page) {
    return std::optional<Facts>();
  }
  Facts facts;
  for (const servicenow::TextRow& row : (*page)->rows) {
    // A dropped condition answers everybody's roles.
    if (!equals_ignore_case(value(row, "user.user_name"), options_.user_name)) {
      return std::optional<Facts>();
    }
    const std::string name = value(row, "role.name");
    facts[name.empty() ? value(row, "role") : name] = "granted";
  }
  return std::optional(std::move(facts));
}

Result<std::optional<AccessChangesSampler::Facts>> AccessChangesSampler::acl_rules(std::stop_token stop) {
  // A rule is named after its table, or table.field.
  std::string query = "nameIN";
  for (const std::string& table : options_.tables) {
    query += (query.ends_with("IN") ? "" : ",") + table;
  }
  for (const std::string& table : options_.tables) {
    query += "^ORnameSTARTSWITH" + table + ".";
  }
  auto page = read("acl_rules",
                   {.table = "sys_security_acl",
                    .query = std::move(query),
                    .fields = "sys_id,name,operation,active,sys_updated_on,sys_mod_count"},
                   std::move(stop));
  if (!page) {
    return std::unexpected(std::move(page.error()));
  }
  if (!*page) {
    return std::optional<Facts>();
  }
  Facts facts;
  for (const servicenow::TextRow& row : (*page)->rows) {
    const std::string name = value(row, "name");
    const bool asked = std::ranges::any_of(options_.tables, [&](const std::string& table) {
      return name == table || name.starts_with(table + ".");
    });
    if (!asked || value(row, "sys_id").empty()) {
      continue;
    }
    facts[value(row, "operation") + " on " + name + " (" + value(row, "sys_id") + ")"] =
        "active=" + value(row, "active") + " updated " + value(row, "sys_updated_on") + " version " +
        value(row, "sys_mod_count");
  }
  return std::optional(std::move(facts));
}

Result<std::optional<AccessChangesSampler::Facts>> AccessChangesSampler::instance(std::stop_token stop) {
  auto page = read("instance",
                   {.table = "sys_properties",
                    .query = "nameINinstance_name,glide.war,glide.buildtag.last",
                    .fields = "sys_id,name,value"},
                   std::move(stop));
  if (!page) {
    return std::unexpected(std::move(page.error()));
  }
  if (!*page) {
    return std::optional<Facts>();
  }
  Facts facts;
  for (const servicenow::TextRow& row : (*page)->rows) {
    const std::string name = value(row, "name");
    if (name == "instance_name" || name == "glide.war" || name == "glide.buildtag.last") {
      facts[name] = value(row, "value");
    }
  }
  // Filtered out of the query, as in a domain: nothing is no instance without a name.
  return facts.empty() ? std::optional<Facts>() : std::optional(std::move(facts));
}

}  // namespace exporter::sampling
