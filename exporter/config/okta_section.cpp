#include "config/okta_section.h"

#include <string_view>

#include "config/field_readers.h"
#include "config/http_section.h"
#include "config/secret_reader.h"
#include "config/url_reader.h"

namespace exporter::config {

namespace {

using namespace std::chrono_literals;

void read_okta_oauth2(Object& object, OktaOAuth2& oauth2) {
  read_required(object, "client_id", oauth2.client_id, "write the client ID of the service app");
  read_secret(object, "private_key", oauth2.private_key, Need::required);
  object["key_id"].read(oauth2.key_id);
  const Value scopes = object["scopes"];
  if (scopes.read(oauth2.scopes) && oauth2.scopes.empty()) {
    scopes.error("must name at least one scope; the exporter needs okta.logs.read and okta.apps.read");
  }
  read_enum(object["dpop"], oauth2.dpop, {Dpop::automatic, Dpop::always, Dpop::never});
}

void read_app(Object& object, AppSelector& app) {
  const Value id = object["id"];
  const Value name = object["name"];
  const Value label = object["label"];
  read_checked(
      id, app.id, [](std::string_view text) { return consists_of(text, "") && text.size() <= 64; },
      "the app's ID, such as 0oa1abcd2EFGHIJKL3m4, which stands in the address of its admin page");
  read_checked(
      name, app.name, [](std::string_view text) { return consists_of(text, "_-."); },
      "the app's technical name, such as servicenow_ud");
  label.read(app.label);
  if (id.present() && (name.present() || label.present())) {
    id.error("excludes name and label: give either the id, or name and label");
  }
  if (!id.present() && !name.present() && !label.present()) {
    object.missing("id", "give the id, or name and label; they must lead to exactly one app");
  }
}

}  // namespace

void read_okta(Object& object, OktaConfig& okta) {
  read_origin(object, "https://example.okta.com", okta.url);
  const Value oauth2 = object["oauth2"];
  read_secret(object, "api_token", okta.api_token, oauth2.present() ? Need::optional : Need::required);
  if (oauth2.present() || object.describing()) {
    if (okta.api_token.set()) oauth2.error("excludes api_token: give one of the two");
    read_object(oauth2, [&](Object& fields) { read_okta_oauth2(fields, okta.oauth2.emplace()); });
  }
  const Value app = object["app"];
  if (app.present() || object.describing()) {
    read_object(app, [&](Object& fields) { read_app(fields, okta.app); });
  } else {
    object.missing("app", "write app: {id: …} of the app that provisions to ServiceNow");
  }
  object["rate_limit_share"].read_share(okta.rate_limit_share);
  object["unmetered_requests_per_minute"].read(okta.unmetered_requests_per_minute, 1, 1'000'000);
  read_object(object["system_log"], [&](Object& log) {
    read_interval(log["interval"], okta.system_log.interval);
    // Okta keeps its log for 90 days.
    log["initial_lookback"].read(okta.system_log.initial_lookback, 0ms, std::chrono::days{90});
    log["max_requests_per_sample"].read(okta.system_log.max_requests_per_sample, 1, 10'000);
    log["task_settle"].read(okta.system_log.task_settle, kMinInterval, 1h);
  });
  read_object(object["app_users"],
              [&](Object& users) { users["page_size"].read(okta.app_users.page_size, 1, 500); });
  read_object(object["http"], [&](Object& http) { read_http(http, okta.http); });
}

}  // namespace exporter::config
