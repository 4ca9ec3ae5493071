#include "app/check_okta.h"

#include <chrono>
#include <utility>

#include "app/check_answer.h"
#include "servicenow/row_lookup.h"

namespace exporter::app {

namespace {

using namespace std::chrono_literals;

constexpr int kSampledUsers = 50;

CheckLine app_line(const okta::App& app) {
  std::string message = "the app is \"" + app.label + "\" (" + app.id + ", " + app.status + ")";
  if (app.status == "ACTIVE") return ok("okta_app", std::move(message));
  return warning("okta_app", std::move(message), "Nothing is provisioned through an app that is not ACTIVE.");
}

CheckLine no_app_line(const Error& error) {
  return failed("okta_app", error.message,
                error.error_class == ErrorClass::permission
                    ? "Give the token's administrator the role of a read-only administrator, or the service "
                      "app the scope okta.apps.read."
                    : "Compare okta.app with the app's page in Okta: its id stands in the address, as 0oa….");
}

CheckLine features_line(const std::vector<std::string>& features) {
  std::string on;
  for (const std::string& feature : features) on += (on.empty() ? "" : ", ") + feature;
  if (on.empty()) {
    return warning("okta_provisioning_features", "no provisioning feature of the app is switched on",
                   "Switch provisioning on in the app's Provisioning tab, or watch another app.");
  }
  return ok("okta_provisioning_features", "switched on: " + on);
}

CheckLine system_log_line(const Result<okta::LogPage>& page) {
  if (!page) {
    return failed(
        "okta_system_log", page.error().message,
        page.error().error_class == ErrorClass::permission
            ? "Give the token's administrator the role of a read-only administrator, or the service "
              "app the scope okta.logs.read."
            : advice(page.error(), "credentials of Okta"));
  }
  return ok("okta_system_log",
            "the System Log can be read; provisioning events of the last hour on its first page: " +
                std::to_string(page->events.size()));
}

void check_app_users(const std::string& app_id, okta::Client& client, OktaFindings& found,
                     std::vector<CheckLine>& lines) {
  Result<okta::AppUserPage> page =
      client.app_users_page(okta::Client::first_app_users_target(app_id, kSampledUsers), {});
  if (!page) {
    lines.push_back(
        failed("okta_app_users", page.error().message, advice(page.error(), "credentials of Okta")));
    return;
  }
  found.sample = std::move(page->users);
  found.more_users = !page->next_url.empty();
  for (const okta::AppUser& user : found.sample) {
    if (servicenow::is_queryable_sys_id(user.external_id)) found.sampled_links.push_back(user.external_id);
  }
  std::string message = std::string(found.more_users ? "of the first " : "of ") +
                        std::to_string(found.sample.size()) + " assigned users " +
                        std::to_string(found.sampled_links.size()) +
                        " hold an external ID that may be a sys_id";
  lines.push_back(found.sample.empty()
                      ? warning("okta_app_users", std::move(message),
                                "Assign somebody to the app; without users there is nothing to compare.")
                      : ok("okta_app_users", std::move(message)));
}

}  // namespace

OktaFindings check_okta(const config::OktaConfig& config, okta::Client& client, const Clock& clock,
                        std::vector<CheckLine>& lines) {
  OktaFindings found;
  const Result<okta::App> app =
      client.resolve_app({.id = config.app.id, .name = config.app.name, .label = config.app.label}, {});
  if (!check_first_answer("okta", "Okta", "okta.api_token or okta.oauth2", app ? nullptr : &app.error(),
                          lines)) {
    for (const char* check :
         {"okta_app", "okta_provisioning_features", "okta_system_log", "okta_app_users"}) {
      lines.push_back(skipped(check, "Okta could not be asked"));
    }
    return found;
  }
  if (!app) {
    lines.push_back(no_app_line(app.error()));
    for (const char* check : {"okta_provisioning_features", "okta_app_users", "okta_system_log"}) {
      lines.push_back(skipped(check, "the app is not known"));
    }
    return found;
  }
  lines.push_back(app_line(*app));
  lines.push_back(features_line(app->features));
  found.features = app->features;
  const Result<okta::LogPage> log =
      client.log_page(okta::Client::first_log_target(app->id, clock.now() - 1h), {});
  lines.push_back(system_log_line(log));
  found.task_source = sampling::okta_task_source(log ? Result<void>() : std::unexpected(log.error()));
  check_app_users(app->id, client, found, lines);
  return found;
}

}  // namespace exporter::app
