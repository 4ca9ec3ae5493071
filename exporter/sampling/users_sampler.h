// ServiceNow's users' table: servicenow_users, hidden rows, and the other side of drift.
#pragma once

#include <memory>
#include <utility>

#include "drift/row_collection.h"
#include "sampling/drift_inputs.h"
#include "sampling/sampler.h"
#include "sampling/session.h"
#include "servicenow/row_lookup.h"
#include "servicenow/user_sweep.h"

namespace exporter::sampling {

// Sweep: the whole table, page by page. Lookup: only the rows that the listed app users lead to, in groups by
// sys_id and by match key. Automatic: the sweep where it needs less than half the requests, and the other one
// where the reader is refused the first.
enum class UsersStrategy : std::uint8_t { automatic, sweep, lookup };

struct UsersOptions {
  std::chrono::milliseconds interval{3'600'000};
  UsersStrategy strategy = UsersStrategy::automatic;
  servicenow::SweepOptions sweep;
  std::string table_label =
      "sys_user";  // the users' table where it is on the allow-list of tables, else "other"
};

class UsersSampler final : public Sampler {
 public:
  UsersSampler(UsersOptions options, Session& session, servicenow::TableClient& client,
               servicenow::RowLookup& lookup, DriftInputs& inputs, metrics::Registry& registry, Log& log);

  std::string_view name() const override { return "users"; }
  std::chrono::milliseconds interval() const override { return options_.interval; }
  Result<void> sample(SampleRun& run) override;
  void succeeded(SystemTime at) override { session_.remember_success(name(), at); }

 private:
  enum class Way : std::uint8_t { sweep, lookup };

  Result<void> list(SampleRun& run);
  Result<void> go(Way way, const std::shared_ptr<const LinkInput>& links, SampleRun& run);
  // A sweep on its way: a request that fails in a way that passes leaves it where it is, and the next sample
  // goes on there, unless it is older by then than its interval or the row that it stands at is gone.
  struct Sweep {
    Sweep(servicenow::TableClient& client, servicenow::SweepOptions options, SteadyTime begun_at)
        : pages(client, std::move(options)),
          rows(std::make_unique<RowInput>(
              RowInput{drift::RowListing(client.table().match_fields.size()), servicenow::SweepReport{}})),
          begun(begun_at) {}
    static constexpr std::string_view kWay = "sweep";
    Result<bool> stands_firm(std::stop_token stop) { return pages.stands_firm(std::move(stop)); }
    servicenow::UserSweep pages;
    std::unique_ptr<RowInput> rows;
    SteadyTime begun;
    double active = 0;
    double inactive = 0;
    bool active_readable = true;
  };
  Result<void> sweep(SampleRun& run);
  template <class Listing>  // Sweep or Lookups
  Result<std::unique_ptr<Listing>> go_on(std::unique_ptr<Listing>& interrupted, SampleRun& run);
  void publish(const Sweep& sweep);
  // Lookups on their way, likewise.
  struct Lookups {
    Lookups(servicenow::TableClient& client, servicenow::RowLookup& reader,
            const std::shared_ptr<const LinkInput>& links, SteadyTime begun_at)
        : rows(std::make_unique<RowInput>(RowInput{drift::RowListing(client.table().match_fields.size()),
                                                   servicenow::SweepReport{}, links})),
          collector(links->listing, reader, rows->listing),
          begun(begun_at) {}
    static constexpr std::string_view kWay = "lookup";
    Result<bool> stands_firm(std::stop_token stop) { return collector.stands_firm(std::move(stop)); }
    std::unique_ptr<RowInput> rows;
    drift::RowCollector collector;
    SteadyTime begun;
  };
  Result<void> look_up(const std::shared_ptr<const LinkInput>& links, SampleRun& run);
  Result<void> look_up(std::unique_ptr<Lookups> lookups, bool goes_on, SampleRun& run);
  Result<void> prove_view(RowInput& rows, SampleRun& run);
  Result<void> count_table(SampleRun& run);
  bool sweep_is_cheaper(std::size_t links) const;
  void say_way(Way way);
  void say_refused(Way way, const Error& error);

  const UsersOptions options_;
  Session& session_;
  servicenow::TableClient& client_;
  servicenow::RowLookup& lookup_;
  DriftInputs& inputs_;
  metrics::Registry& registry_;
  Log& log_;
  std::optional<servicenow::SweepReport::Method> method_;  // of the last sweep
  std::optional<Way> way_;                                 // that succeeded last
  bool sweep_refused_ = false;                             // when it was tried last
  bool lookup_refused_ = false;
  std::optional<std::uint64_t> total_;  // rows of the table, when it was last counted
  std::unique_ptr<Sweep> interrupted_;
  std::unique_ptr<Lookups> interrupted_lookups_;
};

}  // namespace exporter::sampling
