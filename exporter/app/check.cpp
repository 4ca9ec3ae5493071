#include "app/check.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <utility>

#include "app/check_cost.h"
#include "drift/direct_look.h"
#include "sampling/change_follower.h"
#include "sampling/denial_sources.h"
#include "servicenow/row_lookup.h"
#include "servicenow/table_reader.h"
#include "servicenow/transaction_log_look.h"

namespace exporter::app {

namespace {

using namespace std::chrono_literals;

constexpr int kSampledLinks = 50;
constexpr std::size_t kMaxNamed = 5;

// What to do about an error of either vendor, where the check itself knows nothing better.
std::string advice(const Error& error, std::string_view credentials) {
  switch (error.error_class) {
    case ErrorClass::authentication:
      return "Set the right " + std::string(credentials) +
             "; do not try again and again: after a few failures the account is locked.";
    case ErrorClass::permission:
      return "Give the account the permission that the message names.";
    case ErrorClass::rate_limited:
      return "Wait for the limit's window to end, and run the check again.";
    case ErrorClass::connection:
    case ErrorClass::timeout:
      return "Check the url, the name server, the proxy and the firewall between here and the host.";
    case ErrorClass::tls:
      return "Check http.tls_config: the CA that signed the host's certificate, and the host's name in it.";
    case ErrorClass::not_json:
      return "Something else than the API answered: a hibernating instance, a login page or a proxy. Open "
             "the url "
             "in a browser.";
    case ErrorClass::http_5xx:
      return "The host has trouble of its own; look at its status page, and run the check again.";
    default:
      return "Run the check again; if it says the same, report it.";
  }
}

bool got_an_answer(const Error& error) {
  switch (error.error_class) {
    case ErrorClass::connection:
    case ErrorClass::timeout:
    case ErrorClass::tls:
    case ErrorClass::not_json:
    case ErrorClass::cancelled:
      return false;
    default:
      return true;
  }
}

std::string number(double value) { return std::to_string(static_cast<std::uint64_t>(std::ceil(value))); }

// Walks one integration. Each step adds its lines; what depends on a failed step is skipped, with a word why.
class Walk {
 public:
  Walk(const config::Integration& config, const Integration::Probes& probes, const Clock& clock)
      : config_(config), probes_(probes), clock_(clock) {
    report_ = {.name = config.name,
               .okta_url = config.okta.url,
               .servicenow_url = config.servicenow.url,
               .lines = {},
               .denial_sources = {},
               .unverified = {}};
  }

  IntegrationReport take() && {
    okta();
    servicenow_reader();
    servicenow_provisioner();
    denial_sources();
    links();
    unverified();
    cost();
    return std::move(report_);
  }

 private:
  void add(std::string check, Verdict verdict, std::string message, std::string next = {}) {
    report_.lines.push_back({.check = std::move(check),
                             .verdict = verdict,
                             .message = std::move(message),
                             .next = std::move(next)});
  }
  void ok(std::string check, std::string message) { add(std::move(check), Verdict::ok, std::move(message)); }
  void skip(std::string check, std::string message) {
    add(std::move(check), Verdict::skipped, std::move(message));
  }

  // The lines "<who>_reachable" and "<who>_credentials" out of the first answer; false: no use to ask on.
  bool first_answer(const std::string& who, std::string_view name, std::string_view credentials,
                    const Error* error) {
    if (error == nullptr) {
      ok(who + "_reachable", std::string(name) + " answers");
      ok(who + "_credentials", std::string(name) + " accepts the credentials");
      return true;
    }
    if (!got_an_answer(*error)) {
      add(who + "_reachable", Verdict::failed, error->message, advice(*error, credentials));
      skip(who + "_credentials", "the credentials could not be tried");
      return false;
    }
    if (error->error_class == ErrorClass::authentication) {
      // Without an HTTP status nothing was sent: the secret can't be read, or the account is paused.
      if (error->http_status != 0) ok(who + "_reachable", std::string(name) + " answers");
      add(who + "_credentials", Verdict::failed, error->message, advice(*error, credentials));
      return false;
    }
    ok(who + "_reachable", std::string(name) + " answers");
    if (error->error_class == ErrorClass::permission) {
      ok(who + "_credentials", std::string(name) + " accepts the credentials");
    }
    return true;
  }

  void okta() {
    const Result<okta::App> app = probes_.okta.resolve_app(
        {.id = config_.okta.app.id, .name = config_.okta.app.name, .label = config_.okta.app.label}, stop_);
    if (!first_answer("okta", "Okta", "okta.api_token or okta.oauth2", app ? nullptr : &app.error())) {
      for (const char* check :
           {"okta_app", "okta_provisioning_features", "okta_system_log", "okta_app_users"}) {
        skip(check, "Okta could not be asked");
      }
      return;
    }
    if (!app) {
      const bool forbidden = app.error().error_class == ErrorClass::permission;
      add("okta_app", Verdict::failed, app.error().message,
          forbidden ? "Give the token's administrator the role of a read-only administrator, or the service "
                      "app the "
                      "scope okta.apps.read."
                    : "Compare okta.app with the app's page in Okta: its id stands in the address, as 0oa….");
      skip("okta_provisioning_features", "the app is not known");
      skip("okta_app_users", "the app is not known");
    } else {
      app_id_ = app->id;
      const bool active = app->status == "ACTIVE";
      add("okta_app", active ? Verdict::ok : Verdict::warning,
          "the app is \"" + app->label + "\" (" + app->id + ", " + app->status + ")",
          active ? "" : "Nothing is provisioned through an app that is not ACTIVE.");
      features(*app);
    }
    system_log();
    app_users();
  }

  void features(const okta::App& app) {
    std::string on;
    features_ = app.features;
    for (const std::string& feature : app.features) on += (on.empty() ? "" : ", ") + feature;
    if (on.empty()) {
      add("okta_provisioning_features", Verdict::warning, "no provisioning feature of the app is switched on",
          "Switch provisioning on in the app's Provisioning tab, or watch another app.");
      return;
    }
    ok("okta_provisioning_features", "switched on: " + on);
  }

  void system_log() {
    if (app_id_.empty()) {
      skip("okta_system_log", "the app is not known");
      return;
    }
    const Result<okta::LogPage> page =
        probes_.okta.log_page(okta::Client::first_log_target(app_id_, clock_.now() - 1h), stop_);
    if (!page) {
      okta_task_ = sampling::okta_task_source(std::unexpected(page.error()));
      add("okta_system_log", Verdict::failed, page.error().message,
          page.error().error_class == ErrorClass::permission
              ? "Give the token's administrator the role of a read-only administrator, or the service app "
                "the scope "
                "okta.logs.read."
              : advice(page.error(), "credentials of Okta"));
      return;
    }
    okta_task_ = sampling::okta_task_source({});
    ok("okta_system_log",
       "the System Log can be read; provisioning events of the last hour on its first page: " +
           std::to_string(page->events.size()));
  }

  void app_users() {
    if (app_id_.empty()) return;
    const Result<okta::AppUserPage> page =
        probes_.okta.app_users_page(okta::Client::first_app_users_target(app_id_, kSampledLinks), stop_);
    if (!page) {
      add("okta_app_users", Verdict::failed, page.error().message,
          advice(page.error(), "credentials of Okta"));
      return;
    }
    for (const okta::AppUser& user : page->users) {
      if (servicenow::is_queryable_sys_id(user.external_id)) links_.push_back(user.external_id);
    }
    sampled_ = page->users;
    app_users_ = page->users.size();
    more_app_users_ = !page->next_url.empty();
    add("okta_app_users", page->users.empty() ? Verdict::warning : Verdict::ok,
        std::string(more_app_users_ ? "of the first " : "of ") + std::to_string(page->users.size()) +
            " assigned users " + std::to_string(links_.size()) + " hold an external ID that may be a sys_id",
        page->users.empty() ? "Assign somebody to the app; without users there is nothing to compare." : "");
  }

  void servicenow_reader() {
    const SteadyTime begin = clock_.steady_now();
    // Without an order, which a reader that looks users up need not be allowed.
    const Result<servicenow::UserPage> page = probes_.reader.users({.query = "", .limit = 1}, stop_);
    request_time_ = clock_.steady_now() - begin;
    reader_works_ = first_answer("servicenow_reader", "ServiceNow (reader)", "servicenow.reader",
                                 page ? nullptr : &page.error());
    if (!page) {
      if (reader_works_) {
        add("servicenow_reader_list", Verdict::failed, page.error().message, read_advice("reader"));
      }
      reader_works_ = false;
      for (const char* check :
           {"servicenow_reader_list", "servicenow_reader_range", "servicenow_reader_inactive"}) {
        if (report_.lines.back().check != check) skip(check, "the reader could not list " + table());
      }
      return;
    }
    total_users_ = page->total_count;
    list_line("servicenow_reader_list", "reader", *page);
    range("servicenow_reader_range", "reader", probes_.reader);
    inactive("servicenow_reader_inactive", "reader", probes_.reader);
    reader_sees_inactive_ = report_.lines.back().verdict == Verdict::ok;
  }

  void servicenow_provisioner() {
    if (probes_.provisioner == nullptr) {
      add("servicenow_provisioner", Verdict::warning,
          "no provisioner is configured: what Okta's own account may see can't be told, and hidden records "
          "can't be "
          "told from missing ones",
          "Give servicenow.provisioner the account that Okta uses; the exporter only reads as it.");
      return;
    }
    const Result<servicenow::UserPage> page = probes_.provisioner->users({.query = "", .limit = 1}, stop_);
    const bool works = first_answer("servicenow_provisioner", "ServiceNow (provisioner)",
                                    "servicenow.provisioner", page ? nullptr : &page.error());
    if (!works) {
      skip("servicenow_provisioner_list", "the provisioner could not be asked");
      return;
    }
    if (!page) {
      add("servicenow_provisioner_list", Verdict::failed, page.error().message, read_advice("provisioner"));
      return;
    }
    provisioner_works_ = true;
    list_line("servicenow_provisioner_list", "provisioner", *page);
    range("servicenow_provisioner_range", "provisioner", *probes_.provisioner);
    inactive("servicenow_provisioner_inactive", "provisioner", *probes_.provisioner);
  }

  std::string table() const { return config_.servicenow.users.table; }

  std::string read_advice(std::string_view account) const {
    return "Let the " + std::string(account) + " read and query " + table() +
           ": a role with a read ACL on the table and its fields sys_id, user_name, email, active, "
           "locked_out.";
  }

  void list_line(std::string check, std::string_view account, const servicenow::UserPage& page) {
    const std::string who = "the " + std::string(account);
    if (!page.rows.empty()) {
      ok(std::move(check),
         who + " sees records of " + table() +
             (page.total_count ? " (" + std::to_string(*page.total_count) + " in all)" : ""));
    } else if (page.total_count.value_or(0) > 0) {
      add(std::move(check), Verdict::failed,
          who + " is told of " + std::to_string(*page.total_count) + " records of " + table() +
              " and sees none: row ACLs hide them",
          read_advice(account));
    } else {
      add(std::move(check), Verdict::warning, who + " finds no record in " + table(),
          "Check servicenow.users.table, and before-query business rules that filter by account or domain.");
    }
  }

  std::string_view range_advice() const {
    switch (config_.servicenow.users.strategy) {
      case config::UserStrategy::sweep:
        return "The table is then read by offset, which is slower, or not at all where sorting is refused "
               "too: "
               "give the reader a query_range ACL on sys_id and sys_updated_on, or set users.strategy to "
               "auto.";
      case config::UserStrategy::automatic:
        return "Users are then looked up by the links to them, or the table is read by offset; a query_range "
               "ACL "
               "on sys_id and sys_updated_on allows the sweep, and following rows that change.";
      case config::UserStrategy::lookup:
        break;
    }
    return "Lookups do without it; a query_range ACL on sys_updated_on lets the exporter follow rows that "
           "change.";
  }

  void range(std::string check, std::string_view account, servicenow::TableClient& client) {
    const Result<servicenow::UserPage> page =
        client.users({.query = "sys_id>0^ORDERBYsys_id", .limit = 1}, stop_);
    if (page) {
      ok(std::move(check), "the " + std::string(account) + " may query by range (query_range)");
      return;
    }
    const bool refused = page.error().error_class == ErrorClass::permission;
    add(std::move(check), refused ? Verdict::warning : Verdict::failed, page.error().message,
        refused ? std::string(range_advice()) : advice(page.error(), "credentials"));
  }

  void inactive(std::string check, std::string_view account, servicenow::TableClient& client) {
    const Result<servicenow::UserPage> page = client.users({.query = "active=false", .limit = 1}, stop_);
    const std::string who = "the " + std::string(account);
    if (!page) {
      add(std::move(check), Verdict::failed, page.error().message, advice(page.error(), "credentials"));
    } else if (!page->rows.empty()) {
      ok(std::move(check), who + " sees inactive records");
    } else if (page->total_count.value_or(0) > 0) {
      add(std::move(check), Verdict::warning,
          who + " is not shown the " + std::to_string(*page->total_count) + " inactive records",
          "Links to deactivated users can't be judged; let the account read inactive rows too.");
    } else {
      add(std::move(check), Verdict::warning,
          who + " finds no inactive record: there is none, or a rule filters them out",
          "If there are deactivated users, look for a before-query business rule on " + table() +
              " (such as \"user query\") that shows only active ones.");
    }
  }

  void source(std::string name, std::optional<bool> available, std::string why = {},
              std::string remedy = {}) {
    report_.denial_sources.push_back({.source = std::move(name),
                                      .available = available,
                                      .why = std::move(why),
                                      .remedy = std::move(remedy)});
  }

  void source(sampling::DenialSource found) {
    source(std::move(found.source), found.available, std::move(found.why), std::move(found.remedy));
  }

  void denial_sources() {
    if (okta_task_) {
      source(std::move(*okta_task_));
    } else {
      source("okta_task", std::nullopt, "the app is not known");
    }
    transaction_log_source();
    if (provisioner_works_) {
      source("probe", true);
    } else if (probes_.provisioner == nullptr) {
      source(sampling::no_account_to_probe_as());
    } else {
      source("probe", false, "ServiceNow does not answer Okta's account as it should: see above");
    }
    ok("acl_writes",
       "create, write and delete are not probed: that would take writing, and the exporter only reads; their "
       "refusals come from Okta's failure texts and the transaction log");
  }

  void transaction_log_source() {
    const std::string name = "transaction_log";
    if (config_.servicenow.acl.transaction_log == config::TransactionLog::off) {
      source(name, false, "the configuration switches it off", "servicenow.acl.transaction_log: auto");
      return;
    }
    const auto& account = config_.servicenow.provisioner;
    if (auto none = servicenow::account_name_missing(account ? config::user_name(*account) : "")) {
      source(name, false, std::move(none->why), std::move(none->remedy));
      return;
    }
    if (!reader_works_) {
      source(name, std::nullopt, "the reader could not be asked");
      return;
    }
    servicenow::TableReader reader(probes_.reader_api);
    const auto missing = servicenow::look_for_transaction_log(reader, clock_.now(), stop_);
    if (!missing) {
      source(name, std::nullopt, missing.error().message, advice(missing.error(), "credentials"));
    } else if (*missing) {
      source(name, false, (*missing)->why, (*missing)->remedy);
    } else {
      source(name, true);
    }
  }

  void links() {
    if (links_.empty()) {
      skip("links", "no link was found in Okta to look up");
      return;
    }
    const auto look = [&](const std::string& check, std::string_view account,
                          servicenow::TableClient& client) {
      servicenow::TableRowLookup lookup(client);
      const auto found = lookup.by_sys_id(links_, stop_);
      if (!found) {
        add(check, Verdict::failed, found.error().message, advice(found.error(), "credentials"));
        return;
      }
      judge_links(check, account, *found);
    };
    if (reader_works_) {
      look("links_reader", "reader", probes_.reader);
    } else {
      skip("links_reader", "the reader could not be asked");
    }
    if (probes_.provisioner == nullptr) return;
    if (provisioner_works_) {
      look("links_provisioner", "provisioner", *probes_.provisioner);
    } else {
      skip("links_provisioner", "the provisioner could not be asked");
    }
  }

  bool has_feature(std::string_view feature) const {
    return std::ranges::find(features_, feature) != features_.end();
  }

  // What the exporter could not tell of the sampled users, and why.
  void unverified() {
    if (!reader_works_ || sampled_.empty()) {
      skip("unverified", "no user could be looked at on both sides");
      return;
    }
    const drift::Policy policy{.creates_users = has_feature("PUSH_NEW_USERS"),
                               .deactivates_users = has_feature("PUSH_USER_DEACTIVATION"),
                               .reader_sees_inactive = reader_sees_inactive_};
    const std::size_t key_count = config_.servicenow.match.size();
    drift::LinkListing links(key_count);
    std::vector<std::uint32_t> asked;
    for (const okta::AppUser& user : sampled_) {
      if (!user.external_id.empty() && !drift::is_exempt(user.status, true, policy)) {
        asked.push_back(static_cast<std::uint32_t>(links.size()));
      }
      links.add(user);
    }
    const drift::RowListing no_rows(key_count);
    const drift::LinksById by_id(links, no_rows);
    const drift::KeySearch nothing_listed(key_count);
    servicenow::TableRowLookup reader(probes_.reader);
    std::optional<servicenow::TableRowLookup> provisioner;
    if (provisioner_works_) provisioner.emplace(*probes_.provisioner);
    drift::DirectLook direct({.links = links,
                              .rows = no_rows,
                              .by_id = by_id,
                              .listed = nothing_listed,
                              .reader_sees_inactive = reader_sees_inactive_,
                              .grace_begins = clock_.now() - config_.drift.grace,
                              .reader = reader,
                              .provisioner = provisioner ? &*provisioner : nullptr});
    const auto looks = direct.look(asked, stop_);
    if (!looks) {
      add("unverified", Verdict::failed, looks.error().message, advice(looks.error(), "credentials"));
      return;
    }
    std::map<std::string, std::size_t> causes;
    std::size_t users = 0;
    for (const drift::Look& look : *looks) {
      const drift::Finding finding = drift::classify(look.facts, policy);
      if (finding.state != drift::State::unverified) continue;
      ++causes[std::string(to_string(finding.cause))];
      ++users;
    }
    for (const auto& [cause, count] : causes) report_.unverified.push_back({cause, count});
    const std::string of = " of " + std::to_string(sampled_.size()) + " sampled users";
    if (users == 0) {
      ok("unverified", "each" + of + " can be verified");
    } else {
      add("unverified", Verdict::warning,
          std::to_string(users) + of + " can't be verified: see the causes below",
          "They count as unverified and never as drifted; mend the causes, or be content with that.");
    }
  }

  void judge_links(const std::string& check, std::string_view account,
                   const std::vector<servicenow::IdLookup>& found) {
    std::size_t present = 0;
    std::vector<std::string> absent;
    std::vector<std::string> hidden;
    for (std::size_t i = 0; i < found.size(); ++i) {
      switch (found[i].presence) {
        case servicenow::Presence::present:
          ++present;
          break;
        case servicenow::Presence::absent:
          absent.push_back(links_[i]);
          break;
        case servicenow::Presence::hidden:
          hidden.push_back(links_[i]);
          break;
        case servicenow::Presence::undecided:
          break;
      }
    }
    const std::string of = " of " + std::to_string(found.size()) + " sampled links";
    std::string message = "the " + std::string(account) + " sees " + std::to_string(present) + of;
    std::string next;
    Verdict verdict = Verdict::ok;
    if (!hidden.empty()) {
      verdict = Verdict::failed;
      message += "; hidden by ACL: " + some(hidden);
      next = read_advice(account);
    }
    if (!absent.empty()) {
      if (verdict == Verdict::ok) verdict = Verdict::warning;
      message += "; no such record: " + some(absent);
      next += std::string(next.empty() ? "" : " ") +
              "Run the exporter and look at /drift: it tells what became of them, and what to do.";
    }
    const double share = static_cast<double>(absent.size()) / static_cast<double>(found.size());
    if (absent.size() >= kMaxNamed && share >= config_.drift.mass_threshold) {
      verdict = Verdict::failed;
      next =
          "So many at once mean that the instance was cloned over, migrated or restored: see "
          "/runbook#sys_id_changed, and repair one user before all.";
    }
    if (present == 0 && hidden.empty()) {
      verdict = Verdict::failed;
      next =
          "None of the external IDs is a sys_id of this instance: check servicenow.url; after a clone or a "
          "restore "
          "of the instance see /runbook#sys_id_changed.";
    }
    add(check, verdict, std::move(message), std::move(next));
  }

  static std::string some(const std::vector<std::string>& ids) {
    std::string text = std::to_string(ids.size()) + " (";
    for (std::size_t i = 0; i < ids.size() && i < kMaxNamed; ++i) text += (i == 0 ? "" : ", ") + ids[i];
    return text + (ids.size() > kMaxNamed ? ", …)" : ")");
  }

  static double per_hour(config::Duration interval) {
    return 3'600'000.0 / static_cast<double>(std::max<std::int64_t>(interval.count(), 1));
  }

  static double pages(double rows, int page_size) { return std::max(1.0, std::ceil(rows / page_size)); }

  static std::string counted(const Demand& demand) {
    return demand.of + (demand.at_most ? " at most " : " ") + number(demand.per_hour);
  }

  // How long a listing takes: each page waits for the one before, and for its turn.
  std::string minutes(double page_count, const Demand& demand) const {
    const double asking = page_count * std::chrono::duration<double, std::ratio<60>>(request_time_).count();
    return number(std::max(asking, page_count / pace_per_minute(demand)));
  }

  static Demand demand(std::string of, double per_hour, bool at_most, const net::ApiClient& api,
                       net::Endpoint endpoint, std::string remedy) {
    return {.of = std::move(of),
            .per_hour = per_hour,
            .at_most = at_most,
            .share = api.options().pacing.share,
            .unmetered_per_minute = api.options().pacing.unmetered_per_minute,
            .limit = api.told_limit(endpoint),
            .remedy = std::move(remedy)};
  }

  void cost() {
    const double listings = per_hour(config_.drift.interval);
    std::vector<Demand> demands{demand("Okta logs", per_hour(config_.okta.system_log.interval), false,
                                       probes_.okta_api, net::Endpoint::logs,
                                       "Raise okta.system_log.interval or okta.rate_limit_share.")};
    // A longer list of users than one page is not counted through here; the users' table bounds it.
    const double assigned = more_app_users_ ? static_cast<double>(total_users_.value_or(app_users_))
                                            : static_cast<double>(app_users_);
    const double okta_pages = pages(assigned, config_.okta.app_users.page_size);
    demands.push_back(demand("Okta apps", listings * okta_pages, more_app_users_, probes_.okta_api,
                             net::Endpoint::app_users, "Raise drift.interval or okta.rate_limit_share."));
    std::string sweep;
    if (total_users_) {
      const double sweep_pages =
          pages(static_cast<double>(*total_users_), config_.servicenow.users.page_size);
      const bool looks_up = config_.servicenow.users.strategy == config::UserStrategy::lookup;
      const double listing =
          looks_up ? pages(assigned, static_cast<int>(servicenow::kIdsPerRequest)) : sweep_pages;
      // What changed since, and what was deleted.
      const auto rows_interval = sampling::rows_interval(config_.drift.interval);
      const double changes = rows_interval ? 2 * per_hour(*rows_interval) : 0;
      demands.push_back(demand("ServiceNow table as reader", listings * listing + changes, false,
                               probes_.reader_api, net::Endpoint::table_list,
                               "Raise drift.interval or servicenow.rate_limit_share."));
      sweep = "; a sweep of " + number(sweep_pages) + " pages takes at least " +
              minutes(sweep_pages, demands.back()) + " min";
    }
    if (probes_.provisioner_api != nullptr) {
      demands.push_back(demand(
          "ServiceNow table as provisioner", config_.servicenow.acl.provisioner_requests_per_hour, true,
          *probes_.provisioner_api, net::Endpoint::table_list,
          "Lower servicenow.acl.provisioner_requests_per_hour, or raise servicenow.rate_limit_share."));
    }
    std::string message = "requests per hour: ";
    for (const Demand& demand : demands) {
      message += (&demand == &demands.front() ? "" : ", ") + counted(demand);
    }
    ok("cost", message + "; Okta's list of users takes " + (more_app_users_ ? "at most " : "at least ") +
                   minutes(okta_pages, demands[1]) + " min" + sweep);
    report_.lines.push_back(limits_line(demands));
  }

  const config::Integration& config_;
  const Integration::Probes& probes_;
  const Clock& clock_;
  const std::stop_token stop_;
  IntegrationReport report_;

  std::string app_id_;
  std::vector<std::string> features_;
  std::vector<std::string> links_;
  std::vector<okta::AppUser> sampled_;
  bool reader_sees_inactive_ = false;
  std::size_t app_users_ = 0;
  bool more_app_users_ = false;
  bool reader_works_ = false;
  bool provisioner_works_ = false;
  std::optional<sampling::DenialSource> okta_task_;  // nullopt: the log was not asked for
  std::optional<std::uint64_t> total_users_;
  std::chrono::nanoseconds request_time_{0};
};

}  // namespace

IntegrationReport check_integration(const config::Integration& config, const Integration::Probes& probes,
                                    const Clock& clock) {
  return Walk(config, probes, clock).take();
}

}  // namespace exporter::app
