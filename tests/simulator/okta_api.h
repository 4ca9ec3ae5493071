// The part of Okta's management API that the exporter may read: System Log, apps, app users.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "simulator/event_log.h"
#include "simulator/faults.h"
#include "simulator/http.h"
#include "simulator/journal.h"
#include "simulator/oauth.h"
#include "simulator/world.h"

namespace simulator {

// One bucket of Okta's rate limits: a counter per minute that starts with the first request.
struct RateBucket {
  std::int64_t limit = 0;  // 0: the default
  std::int64_t used = 0;
  std::int64_t resets_at = 0;  // epoch seconds
};

class OktaApi {
 public:
  OktaApi(World& world, EventLog& log, Faults& faults, Journal& journal)
      : world_(world), log_(log), faults_(faults), journal_(journal) {}

  Reply handle(const Call& call);  // takes the world's mutex

  void expire_cursors() { ++cursor_generation_; }
  void set_rate_limit(const std::string& bucket, std::int64_t limit) { buckets_[bucket] = {limit, 0, 0}; }
  bool unavailable = false;
  OktaOAuth oauth;
  std::int64_t default_limit = 600;  // per window
  std::int64_t window_s = 60;
  std::int64_t clock_skew_s = 0;  // of the Date and of the resets

 private:
  struct Route {
    std::string endpoint = "other";
    std::string bucket = "default";
    std::string app_id;
    std::string user_id;
  };
  static Route route(std::string_view path);
  Reply answer(const Call& call, const Route& route);
  bool spend(const Route& route, Reply& reply);
  Reply logs(const Call& call);
  Reply apps(const Call& call);
  Reply app(const Route& route);
  Reply app_users(const Call& call, const Route& route);
  Reply app_user(const Call& call, const Route& route);
  Reply group_push_mappings(const Call& call, const Route& route);
  std::string app_user_json(UserIndex user, const Call& call) const;
  std::string cursor(std::size_t position) const;

  World& world_;
  EventLog& log_;
  Faults& faults_;
  Journal& journal_;
  std::map<std::string, RateBucket> buckets_;
  std::uint64_t cursor_generation_ = 1;
  std::uint64_t errors_ = 0;
};

}  // namespace simulator
