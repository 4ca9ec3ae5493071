#include "sampling/acl_probe_sampler.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "metrics/catalogue.h"
#include "servicenow/error_envelope.h"
#include "servicenow/records.h"

namespace exporter::sampling {

namespace catalogue = metrics::catalogue;

namespace {

constexpr std::size_t kRecords = 10;  // of a read
constexpr std::size_t kMaxTold = 20;

// What a push writes: only columns that every instance has, because one that does not exist looks like one
// that may not be read (servicenow.md 1.2).
std::string push_fields(const std::string& table, const std::string& users_table) {
  if (table == users_table) {
    return "sys_id,user_name,first_name,last_name,email,active,title,phone,mobile_phone,department,location,"
           "manager,employee_number";
  }
  if (table == "sys_user_group") {
    return "sys_id,name,description,active";
  }
  if (table == "sys_user_grmember") {
    return "sys_id,user,group";
  }
  return "sys_id";
}

Error spent() {
  return {.error_class = ErrorClass::rate_limited,
          .message = "the hour's requests of this account are spent"};
}

}  // namespace

AclProbeSampler::AclProbeSampler(AclProbeOptions options, std::vector<ProbedAccount> accounts,
                                 Session& session, const provisioning::Classifier& classifier,
                                 DenialSources& sources, metrics::Registry& registry, Log& log)
    : options_(std::move(options)),
      accounts_(std::move(accounts)),
      session_(session),
      classifier_(classifier),
      sources_(sources),
      registry_(registry),
      log_(log) {}

Result<void> AclProbeSampler::sample(SampleRun& run) {
  Result<void> result;
  if (!options_.provisioner) {
    sources_.set(no_account_to_probe_as());
  }
  for (const ProbedAccount& account : accounts_) {
    Result<void> probed = probe(account, run);
    if (!probed && probed.error().error_class == ErrorClass::cancelled) {
      return probed;
    }
    const bool refused = !probed && probed.error().error_class == ErrorClass::authentication;
    if (refused) {
      forget(account.name);  // what it could do before says nothing about what it can do now
    }
    if (account.name == "provisioner" && (probed || refused)) {
      sources_.set({.source = "probe",
                    .available = !refused,
                    .why = refused ? "ServiceNow refuses the credentials of Okta's account" : "",
                    .remedy = refused ? "give the exporter the account's current password" : ""});
    }
    if (!probed && result) {
      result = std::move(probed);
    }
  }
  ++turn_;
  publish();
  return result;
}

Result<void> AclProbeSampler::probe(const ProbedAccount& account, SampleRun& run) {
  const auto all = [&]() -> Result<void> {
    for (const std::string& table : options_.tables) {
      if (Result<void> done = probe_read(account, table, run); !done) {
        return done;
      }
    }
    if (!options_.tables.empty()) {
      if (Result<void> done = probe_queries(account, options_.tables[turn_ % options_.tables.size()], run);
          !done) {
        return done;
      }
    }
    return probe_links(account, run);
  };
  Result<void> done = all();
  if (!done && done.error().error_class == ErrorClass::rate_limited && done.error().http_status == 0) {
    return {};  // our own cap: the rest waits for the next interval
  }
  return done;
}

Result<bool> AclProbeSampler::denied(const Error& error) {
  if (error.http_status != 403) {
    return std::unexpected(error);
  }
  // Business rule and data policy before ACL; a text that no rule knows is a 403 and no more.
  const auto envelope = servicenow::parse_error_envelope(error.response_body);
  const std::string text = envelope ? "403. " + envelope->message + ". " + envelope->detail : "403";
  const provisioning::Classification found =
      classifier_.classify(text, "", "", provisioning::Operation::other);
  const bool by_acl = found.reason == provisioning::Reason::acl_denied;
  const bool known = !by_acl || found.denial->operation != provisioning::AclOperation::unknown ||
                     fold(text).find("insufficient rights") != std::string::npos;
  if ((!by_acl || !known) && told_.size() < kMaxTold && told_.insert(text).second) {
    log_.warn(by_acl ? "a probe was refused in words that no rule knows; taken for an ACL"
                     : "a probe was refused, but not by an ACL",
              {{"integration", session_.integration()},
               {"reason", std::string(provisioning::to_string(found.reason))},
               {"text", text}});
  }
  return by_acl;
}

void AclProbeSampler::note(const ProbedAccount& account, const std::string& table, std::string_view operation,
                           std::optional<bool> granted) {
  Key key(account.name, table, std::string(operation));
  if (!granted) {
    granted_.erase(key);
    return;
  }
  const auto [entry, added] = granted_.insert_or_assign(std::move(key), *granted);
  static_cast<void>(entry);
  static_cast<void>(added);
}

Result<void> AclProbeSampler::probe_read(const ProbedAccount& account, const std::string& table,
                                         SampleRun& run) {
  if (!account.spend()) {
    return std::unexpected(spent());
  }
  const std::string fields = push_fields(table, options_.users_table);
  auto page = account.reader->list(
      {.table = table, .query = {}, .fields = fields, .limit = kRecords, .offset = 0}, run.stop());
  run.mark();
  const std::pair<std::string, std::string> where{account.name, table};
  known_ids_.erase(where);
  hidden_fields_.erase(where);
  if (!page) {
    Result<bool> by_acl = denied(page.error());
    if (!by_acl) {
      return std::unexpected(std::move(by_acl.error()));
    }
    note(account, table, "read", *by_acl ? std::optional(false) : std::nullopt);
    if (*by_acl) {
      // Whoever may not read the table may not query it either.
      note(account, table, "query_match", std::nullopt);
      note(account, table, "query_range", std::nullopt);
    }
    return {};
  }
  if (page->rows.empty()) {
    // Counted and not shown is refused by row ACLs; an empty table proves nothing.
    note(account, table, "read", page->total.value_or(0) > 0 ? std::optional(false) : std::nullopt);
    return {};
  }
  note(account, table, "read", true);
  std::size_t hidden = 0;
  for (const std::string_view field : split(fields, ',')) {
    const bool shown = std::ranges::any_of(page->rows, [&](const auto& row) { return row.contains(field); });
    hidden += shown ? 0 : 1;
  }
  hidden_fields_[where] = hidden;
  for (const servicenow::TextRow& row : page->rows) {
    const auto id = row.find("sys_id");
    if (id != row.end() && servicenow::is_queryable_sys_id(id->second)) {
      known_ids_[where] = id->second;
      break;
    }
  }
  return {};
}

Result<void> AclProbeSampler::probe_queries(const ProbedAccount& account, const std::string& table,
                                            SampleRun& run) {
  const auto known = known_ids_.find({account.name, table});
  if (known == known_ids_.end()) {
    note(account, table, "query_match", std::nullopt);
    note(account, table, "query_range", std::nullopt);
    return {};
  }
  const std::string id = known->second;
  // Each query has exactly one answer, the record that the account was shown. A refusal is a 403; a dropped
  // condition answers all records or, with glide.invalid_query.returns_no_rows, none (servicenow.md 1.3).
  const std::pair<std::string_view, std::string> queries[] = {
      {"query_match", "sys_idIN" + id},
      {"query_range", "sys_id>=" + id + "^sys_id<=" + id + "^ORDERBYsys_id"}};
  for (const auto& [operation, query] : queries) {
    if (!account.spend()) {
      return std::unexpected(spent());
    }
    auto page = account.reader->list(
        {.table = table, .query = query, .fields = "sys_id", .limit = 2, .offset = 0}, run.stop());
    run.mark();
    if (!page) {
      Result<bool> by_acl = denied(page.error());
      if (!by_acl) {
        return std::unexpected(std::move(by_acl.error()));
      }
      note(account, table, operation, *by_acl ? std::optional(false) : std::nullopt);
      continue;
    }
    const bool one = page->rows.size() == 1 && page->total.value_or(1) == 1;
    const auto shown = one ? page->rows.front().find("sys_id") : servicenow::TextRow::iterator();
    note(account, table, operation,
         one && shown != page->rows.front().end() && equals_ignore_case(shown->second, id));
  }
  return {};
}

Result<void> AclProbeSampler::probe_links(const ProbedAccount& account, SampleRun& run) {
  const std::vector<std::string> ids = account.links->due(servicenow::kIdsPerRequest);
  if (ids.empty()) {
    return {};
  }
  // The lookup pays for its requests itself. A refusal of the table is in `read` already.
  const auto looked = account.links->by_sys_id(ids, run.stop());
  run.mark();
  if (!looked && looked.error().http_status != 403) {
    return std::unexpected(looked.error());
  }
  return {};
}

void AclProbeSampler::forget(const std::string& account) {
  std::erase_if(granted_, [&](const auto& entry) { return std::get<0>(entry.first) == account; });
  std::erase_if(hidden_fields_, [&](const auto& entry) { return entry.first.first == account; });
}

void AclProbeSampler::publish() {
  metrics::Snapshot snapshot;
  const std::string& integration = session_.integration();
  for (const auto& [key, granted] : granted_) {
    const auto& [account, table, operation] = key;
    snapshot.push_back({.metric = &catalogue::servicenow_acl_permission_granted,
                        .label_values = {integration, account, table, operation},
                        .value = granted ? 1.0 : 0.0});
  }
  for (const auto& [where, hidden] : hidden_fields_) {
    snapshot.push_back({.metric = &catalogue::servicenow_acl_hidden_fields,
                        .label_values = {integration, where.first, where.second},
                        .value = static_cast<double>(hidden)});
  }
  registry_.publish(integration + "/" + std::string(name()), std::move(snapshot));
}

}  // namespace exporter::sampling
