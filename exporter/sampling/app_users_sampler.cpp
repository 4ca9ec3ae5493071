#include "sampling/app_users_sampler.h"

#include <algorithm>
#include <array>
#include <functional>
#include <unordered_set>
#include <utility>

#include "base/read_ahead.h"
#include "metrics/catalogue.h"

namespace exporter::sampling {

namespace catalogue = metrics::catalogue;

namespace {

Error not_whole(const std::string& why) {
  return {.error_class = ErrorClass::incomplete,
          .message =
              "Okta's list of app users " + why + ", so the listing is not complete; it is read again soon"};
}

}  // namespace

AppUsersSampler::AppUsersSampler(AppUsersOptions options, Session& session, okta::Client& client,
                                 DriftInputs& inputs, metrics::Registry& registry)
    : options_(options), session_(session), client_(client), inputs_(inputs), registry_(registry) {}

Result<void> AppUsersSampler::sample(SampleRun& run) {
  Result<void> listed = list(run);
  // Our own stop says nothing about the comparison.
  if (!listed && listed.error().error_class != ErrorClass::cancelled) {
    inputs_.failed();
  }
  return listed;
}

Result<void> AppUsersSampler::list(SampleRun& run) {
  const Result<Session::Opened> opened = session_.open(run.stop());
  if (!opened) {
    return std::unexpected(opened.error());
  }
  Result<okta::App> app = client_.resolve_app({.id = opened->app_id, .name = {}, .label = {}}, run.stop());
  if (!app) {
    return std::unexpected(std::move(app.error()));
  }
  run.mark();

  auto links = std::make_unique<LinkInput>(LinkInput{drift::LinkListing(options_.key_count), app->features});
  std::string target = okta::Client::first_app_users_target(opened->app_id, options_.page_size);
  std::vector<std::size_t> ids;  // hashes: a user listed twice would look like two holders of one link
  std::unordered_set<std::string> pages;
  ReadAhead<okta::Client::AppUserBody> ahead(run.stop());
  const auto fetch = [&] {
    ahead.begin(
        [this, target](std::stop_token stop) { return client_.fetch_app_users(target, std::move(stop)); });
  };
  pages.insert(target);
  fetch();
  while (!target.empty()) {
    Result<okta::Client::AppUserBody> body = ahead.take();
    if (!body) {
      return std::unexpected(std::move(body.error()));
    }
    target = body->next_url;
    if (!target.empty() && !pages.insert(target).second) {
      return std::unexpected(not_whole("links a page that was read already"));
    }
    if (!target.empty()) {
      fetch();
    }
    const Result<okta::AppUserPage> page = client_.read_app_users(std::move(*body));
    if (!page) {
      return std::unexpected(page.error());
    }
    if (page->malformed > 0) {
      return std::unexpected(not_whole("held " + std::to_string(page->malformed) + " entries without an id"));
    }
    for (const okta::AppUser& user : page->users) {
      links->listing.add(user);
      ids.push_back(std::hash<std::string>{}(user.id));
    }
    run.mark();
  }
  std::ranges::sort(ids);
  if (std::ranges::adjacent_find(ids) != ids.end()) {
    return std::unexpected(not_whole("named a user twice: it changed while it was read"));
  }
  publish(links->listing, links->features);
  inputs_.put_links(std::move(links));
  return {};
}

void AppUsersSampler::publish(const drift::LinkListing& listing, const std::vector<std::string>& features) {
  std::array<double, std::size(okta::kAppUserStatuses)> statuses{};
  std::array<double, std::size(okta::kSyncStates)> sync_states{};
  for (std::size_t i = 0; i < listing.size(); ++i) {
    ++statuses[static_cast<std::size_t>(listing.status(i))];
    ++sync_states[static_cast<std::size_t>(listing.sync_state(i))];
  }
  metrics::Snapshot snapshot;
  const auto add = [&](const metrics::Metric& metric, std::string_view label, double value) {
    snapshot.push_back(
        {.metric = &metric, .label_values = {session_.integration(), std::string(label)}, .value = value});
  };
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    add(catalogue::okta_app_users, okta::kAppUserStatuses[i], statuses[i]);
  }
  for (std::size_t i = 0; i < sync_states.size(); ++i) {
    add(catalogue::okta_app_user_sync_states, okta::kSyncStates[i], sync_states[i]);
  }
  for (const std::string_view feature : metrics::kFeatures) {
    add(catalogue::okta_app_provisioning_feature_enabled, feature,
        std::ranges::find(features, feature) != features.end() ? 1 : 0);
  }
  registry_.publish(session_.integration() + "/" + std::string(name()), std::move(snapshot));
}

}  // namespace exporter::sampling
