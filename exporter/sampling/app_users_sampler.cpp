#include "sampling/app_users_sampler.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <utility>

#include "base/read_ahead.h"
#include "base/spare_text.h"
#include "metrics/catalogue.h"
#include "okta/app_users.h"

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
                                 DriftInputs& inputs, metrics::Registry& registry, Log& log)
    : options_(options),
      session_(session),
      client_(client),
      inputs_(inputs),
      registry_(registry),
      log_(log) {}

Result<void> AppUsersSampler::sample(SampleRun& run) {
  Result<void> listed = list(run);
  inputs_.listing_over();
  if (!listed && interrupted_) {
    inputs_.interrupted();
  } else if (!listed && listed.error().error_class != ErrorClass::cancelled) {
    // Our own stop says nothing about the comparison.
    inputs_.failed();
  }
  return listed;
}

std::unique_ptr<AppUsersSampler::Listing> AppUsersSampler::begin(const std::string& app_id,
                                                                 const SampleRun& run) const {
  return std::make_unique<Listing>(okta::Client::first_app_users_target(app_id, options_.page_size),
                                   options_.key_count, run.clock().steady_now());
}

// Null where there is nothing to go on with.
std::unique_ptr<AppUsersSampler::Listing> AppUsersSampler::go_on(const SampleRun& run) {
  if (!interrupted_) {
    return nullptr;
  }
  if (run.clock().steady_now() - interrupted_->begun > DriftInputs::keep_for(options_.interval)) {
    interrupted_.reset();
    inputs_.failed();  // what waited for it is as old
    log_.info("the listing of app users broke off too long ago and is begun anew",
              {{"integration", session_.integration()}});
    return nullptr;
  }
  log_.info("the listing of app users goes on where it broke off",
            {{"integration", session_.integration()},
             {"users", std::to_string(interrupted_->links->listing.size())}});
  return std::move(interrupted_);
}

Result<void> AppUsersSampler::list(SampleRun& run) {
  const Result<Session::Opened> opened = session_.open(run.stop());
  if (!opened) {
    return std::unexpected(opened.error());
  }
  Result<okta::App> app = client_.resolve_app({.id = opened->app_id, .name = {}, .label = {}}, run.stop());
  if (!app) {
    if (!DriftInputs::can_go_on_after(app.error())) {
      interrupted_.reset();
    }
    return std::unexpected(std::move(app.error()));
  }
  run.mark();

  std::unique_ptr<Listing> listing = go_on(run);
  const bool goes_on = listing != nullptr;
  if (!listing) {
    listing = begin(opened->app_id, run);
  }
  Result<void> read_to_end = read(*listing, run);
  if (goes_on && listing->refused) {
    // How long Okta honours a position is nowhere written (okta.md 9).
    log_.warn("Okta refuses the position at which the listing of app users broke off; it is begun anew",
              {{"integration", session_.integration()}, {"error", read_to_end.error().message}});
    listing = begin(opened->app_id, run);
    read_to_end = read(*listing, run);
  }
  if (!read_to_end) {
    if (listing->broke_off && listing->links->listing.size() > 0) {
      interrupted_ = std::move(listing);
    }
    return read_to_end;
  }
  if (listing->links->listing.names_a_user_twice()) {
    return std::unexpected(not_whole("named a user twice: it changed while it was read"));
  }
  listing->links->features = app->features;
  publish(listing->links->listing, listing->links->features);
  inputs_.put_links(std::move(listing->links));
  return {};
}

// From the listing's target to the last page. A page counts when it was read to its end; until then it is the
// target.
Result<void> AppUsersSampler::read(Listing& listing, SampleRun& run) {
  listing.broke_off = false;
  listing.refused = false;
  SpareText read_last;
  std::unordered_set<std::string> asked = listing.pages;
  std::function<void(const std::string&)> fetch;
  ReadAhead<okta::Client::AppUserBody> ahead(run.stop());
  // Each page is asked for as soon as the one before it has named it.
  fetch = [&](const std::string& target) {
    ahead.begin([&, target](std::stop_token stop) {
      std::string memory = read_last.take();
      auto body = client_.fetch_app_users(target, std::move(stop), &memory);
      if (body && !body->next_url.empty() && asked.insert(body->next_url).second) {
        fetch(body->next_url);
      }
      return body;
    });
  };
  okta::AppUserPageReader reader(client_.match_fields());
  bool first = true;
  fetch(listing.target);
  while (!listing.target.empty()) {
    Result<okta::Client::AppUserBody> body = ahead.take();
    if (!body) {
      const int status = body.error().http_status;
      listing.broke_off = DriftInputs::can_go_on_after(body.error());
      listing.refused = first && (status == 400 || status == 404 || status == 410);
      return std::unexpected(std::move(body.error()));
    }
    first = false;
    std::string next = body->next_url;
    const std::optional<SystemTime> date = body->server_date;
    if (!next.empty() && listing.pages.contains(next)) {
      return std::unexpected(not_whole("links a page that was read already"));
    }
    if (Result<void> parsed = reader.read(body->body); !parsed) {
      listing.broke_off = DriftInputs::can_go_on_after(parsed.error());
      return parsed;
    }
    const okta::ParsedAppUsers& page = reader.page();
    if (page.malformed > 0) {
      return std::unexpected(not_whole("held " + std::to_string(page.malformed) + " entries without an id"));
    }
    for (const okta::AppUser& user : page.users) {
      listing.links->listing.add(user);
    }
    if (date) {
      listing.links->ended = ServerTime{.time = *date, .at = run.clock().steady_now()};
      if (!listing.links->begun) {
        listing.links->begun = listing.links->ended;
      }
    }
    read_last.put(std::move(body->body));
    listing.pages.insert(next);
    listing.target = std::move(next);
    if (!listing.target.empty()) {
      inputs_.listing_links(listing.links->listing.size());
    }
    run.mark();
  }
  return {};
}

void AppUsersSampler::publish(const drift::LinkListing& listing, const std::vector<std::string>& features) {
  std::array<std::uint64_t, std::size(okta::kAppUserStatuses)> statuses{};
  std::array<std::uint64_t, std::size(okta::kSyncStates)> sync_states{};
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
    add(catalogue::okta_app_users, okta::kAppUserStatuses[i], static_cast<double>(statuses[i]));
  }
  for (std::size_t i = 0; i < sync_states.size(); ++i) {
    add(catalogue::okta_app_user_sync_states, okta::kSyncStates[i], static_cast<double>(sync_states[i]));
  }
  for (const std::string_view feature : metrics::kFeatures) {
    add(catalogue::okta_app_provisioning_feature_enabled, feature,
        std::ranges::find(features, feature) != features.end() ? 1 : 0);
  }
  registry_.publish(session_.integration() + "/" + std::string(name()), std::move(snapshot));
}

}  // namespace exporter::sampling
