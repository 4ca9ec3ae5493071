// The Table API and the Aggregate API of a ServiceNow instance, for reading.
#pragma once

#include <string>
#include <string_view>

#include "simulator/faults.h"
#include "simulator/http.h"
#include "simulator/journal.h"
#include "simulator/oauth.h"
#include "simulator/system_tables.h"
#include "simulator/user_table.h"
#include "simulator/world.h"

namespace simulator {

class ServiceNowApi {
 public:
  ServiceNowApi(World& world, Faults& faults, Journal& journal)
      : world_(world), faults_(faults), journal_(journal), table_(world) {}

  Reply handle(const Call& call);  // takes the world's mutex

  SystemTables tables;
  bool hibernating = false;
  bool unavailable = false;
  // The next so many requests on a node that has lost the session's roles (facts: KB2466644).
  int transient_refusals = 0;
  ServiceNowOAuth oauth;
  // Of each user: requests per window, by a rule (facts: servicenow.md 6); 0: no rule, no headers.
  std::int64_t rule_limit = 0;
  std::int64_t window_s = 3600;

 private:
  struct Route {
    std::string endpoint = "other";
    std::string table;
    std::string sys_id;
    bool first_version = false;
  };
  static Route route(std::string_view path);
  Reply answer(const Call& call, const Route& route, Account*& account);
  Account* log_in(const Call& call, std::string& name);
  Reply list(const Call& call, const Route& route, Account& account);
  Reply list_system_table(const Call& call, const Route& route, const Account& account) const;
  Reply record(const Call& call, const Route& route, const Account& account);
  Reply aggregate(const Call& call, const Route& route, Account& account);
  void log_transaction(const Call& call, const Route& route, const std::string& name, int status);
  std::string row_json(const UserRow& row, const Call& call, const Account& account) const;
  void add_common_headers(Reply& reply, bool logged_in);
  bool spend(const std::string& user, Reply& reply);
  Reply denied() const;

  struct Window {
    std::int64_t used = 0;
    std::int64_t resets_at = 0;
  };
  std::map<std::string, Window> windows_;

  World& world_;
  Faults& faults_;
  Journal& journal_;
  UserTable table_;
  std::uint64_t transactions_ = 0;
};

}  // namespace simulator
