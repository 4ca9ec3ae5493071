#include "sampling/group_push_sampler.h"

#include <unordered_set>
#include <utility>

#include "metrics/catalogue.h"

namespace exporter::sampling {

GroupPushSampler::GroupPushSampler(std::chrono::milliseconds interval, Session& session, okta::Client& client,
                                   const provisioning::Classifier& classifier, metrics::Registry& registry,
                                   Log& log)
    : interval_(interval),
      session_(session),
      client_(client),
      classifier_(classifier),
      registry_(registry),
      log_(log) {}

Result<void> GroupPushSampler::sample(SampleRun& run) {
  const Result<Session::Opened> opened = session_.open(run.stop());
  if (!opened) {
    return std::unexpected(opened.error());
  }
  Result<Reasons> reasons = count(opened->app_id, run);
  if (reasons) {
    publish(*reasons);
    said_ = false;
    return {};
  }
  // 400 and 404: an app that can't push groups. 403: the scope is missing.
  const int status = reasons.error().http_status;
  if (status != 400 && status != 403 && status != 404) {
    return std::unexpected(std::move(reasons.error()));
  }
  not_available(reasons.error());
  return {};
}

Result<GroupPushSampler::Reasons> GroupPushSampler::count(const std::string& app_id, SampleRun& run) const {
  Reasons reasons{};
  std::unordered_set<std::string> seen;
  std::string target = okta::Client::first_group_push_errors_target(app_id);
  while (!target.empty()) {
    if (!seen.insert(target).second) {
      return std::unexpected(
          Error{.error_class = ErrorClass::incomplete,
                .message = "Okta's list of group push mappings links a page that was read already, so it is "
                           "not complete; it is read again soon"});
    }
    Result<okta::GroupPushPage> page = client_.group_push_page(target, run.stop());
    if (!page) {
      return std::unexpected(std::move(page.error()));
    }
    for (const okta::GroupPushMapping& mapping : page->mappings) {
      // A filter that is ignored widens the answer.
      if (mapping.status != "ERROR") continue;
      const provisioning::Classification found =
          classifier_.classify(mapping.error_summary, {}, {}, provisioning::Operation::group_push);
      ++reasons[static_cast<std::size_t>(found.reason)];
    }
    target = std::move(page->next_url);
    run.mark();
  }
  return reasons;
}

void GroupPushSampler::publish(const Reasons& reasons) {
  metrics::Snapshot snapshot;
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    snapshot.push_back({.metric = &metrics::catalogue::okta_group_push_mappings_in_error,
                        .label_values = {session_.integration(), std::string(provisioning::kReasons[i])},
                        .value = reasons[i]});
  }
  registry_.publish(session_.integration() + "/" + std::string(name()), std::move(snapshot));
}

void GroupPushSampler::not_available(const Error& why) {
  registry_.publish(session_.integration() + "/" + std::string(name()), {});
  if (said_) {
    return;
  }
  said_ = true;
  log_.info("failed group pushes are not seen: Okta does not list the app's group push mappings",
            {{"integration", session_.integration()},
             {"why", why.message},
             {"next", why.http_status == 403
                          ? "grant the scope okta.groups.read beside okta.apps.read, if the app pushes groups"
                          : "nothing, if the app pushes no groups"}});
}

}  // namespace exporter::sampling
