#include "sampling/users_sampler.h"

#include <algorithm>
#include <utility>

#include "metrics/catalogue.h"

namespace exporter::sampling {

namespace catalogue = metrics::catalogue;
using servicenow::SweepReport;

namespace {

// Tables of up to so many pages are swept without waiting for the links.
constexpr std::uint64_t kSmallSweep = 2;
// What a lookup asks beside the links: the reader's own row and an inactive one.
constexpr std::uint64_t kProofs = 2;
constexpr int kInactiveRows = 20;

}  // namespace

UsersSampler::UsersSampler(UsersOptions options, Session& session, servicenow::TableClient& client,
                           servicenow::RowLookup& lookup, DriftInputs& inputs, metrics::Registry& registry,
                           Log& log)
    : options_(std::move(options)),
      session_(session),
      client_(client),
      lookup_(lookup),
      inputs_(inputs),
      registry_(registry),
      log_(log) {}

Result<void> UsersSampler::sample(SampleRun& run) {
  Result<void> listed = list(run);
  if (!listed && (interrupted_ || interrupted_lookups_)) {
    inputs_.interrupted();
  } else if (!listed && listed.error().error_class != ErrorClass::cancelled) {
    // Our own stop says nothing about the comparison.
    inputs_.failed();
  }
  return listed;
}

Result<void> UsersSampler::list(SampleRun& run) {
  const Result<Session::Opened> opened = session_.open(run.stop());
  if (!opened) {
    return std::unexpected(opened.error());
  }
  if (options_.strategy == UsersStrategy::sweep) {
    return sweep(run);
  }
  Result<std::unique_ptr<Lookups>> kept = go_on(interrupted_lookups_, run);
  if (!kept) {
    return std::unexpected(std::move(kept.error()));
  }
  if (*kept) {
    return look_up(std::move(*kept), true, run);
  }
  std::shared_ptr<const LinkInput> links = inputs_.waiting_links();
  const bool chooses = options_.strategy == UsersStrategy::automatic;
  if (!chooses && links) {
    return look_up(links, run);
  }
  // A sweep brings the number of rows with it.
  if (!total_ || way_ != Way::sweep) {
    if (Result<void> counted = count_table(run); !counted) {
      return counted;
    }
  }
  if (!links) {
    const bool small = total_ && *total_ / static_cast<std::uint64_t>(options_.sweep.page_size) < kSmallSweep;
    const auto wait = [this, &run](const std::function<bool(std::size_t)>& enough) {
      return inputs_.wait_for_links(enough, [&run] { run.mark(); }, run.stop());
    };
    // Of a long listing it is clear before its end.
    const auto clear = [&] { return wait([this](std::size_t listed) { return sweep_is_cheaper(listed); }); };
    if (chooses && !sweep_refused_ && (!total_ || small || way_ == Way::sweep || clear())) {
      Result<void> swept = sweep(run);
      if (swept || swept.error().error_class != ErrorClass::permission) {
        return swept;
      }
      say_refused(Way::sweep, swept.error());
    }
    wait([](std::size_t) { return false; });
    links = inputs_.waiting_links();
  }
  if (!links) {
    // The listing of the app users asks for the rows when it is there. ServiceNow answers, which is all that
    // this sample can say until then.
    inputs_.want_links();
    return {};
  }
  const Way first = sweep_is_cheaper(links->listing.size()) ? Way::sweep : Way::lookup;
  Result<void> listed = go(first, links, run);
  if (listed || listed.error().error_class != ErrorClass::permission) {
    return listed;
  }
  say_refused(first, listed.error());
  return go(first == Way::sweep ? Way::lookup : Way::sweep, links, run);
}

void UsersSampler::say_refused(Way way, const Error& error) {
  bool& refused = way == Way::sweep ? sweep_refused_ : lookup_refused_;
  if (std::exchange(refused, true)) {
    return;
  }
  log_.warn("the reader is refused the cheaper way to the users' table; the other one is taken",
            {{"integration", session_.integration()},
             {"refused", way == Way::sweep ? "sweep" : "lookup"},
             {"error", error.message}});
}

// Whether X-Total-Count came or not, afterwards ServiceNow has answered.
Result<void> UsersSampler::count_table(SampleRun& run) {
  const auto page = client_.users({.query = options_.sweep.query, .limit = 1, .offset = 0}, run.stop());
  if (!page) {
    return std::unexpected(page.error());
  }
  total_ = page->total_count;
  run.mark();
  return {};
}

bool UsersSampler::sweep_is_cheaper(std::size_t links) const {
  if (!total_) {
    return true;
  }
  const std::uint64_t pages = *total_ / static_cast<std::uint64_t>(options_.sweep.page_size) + 1;
  const std::uint64_t lookups = links / servicenow::kIdsPerRequest + 1 + kProofs;
  return 2 * pages < lookups;
}

Result<void> UsersSampler::go(Way way, const std::shared_ptr<const LinkInput>& links, SampleRun& run) {
  return way == Way::sweep ? sweep(run) : look_up(links, run);
}

void UsersSampler::say_way(Way way) {
  (way == Way::sweep ? sweep_refused_ : lookup_refused_) = false;
  if (std::exchange(way_, way) == way) {
    return;
  }
  log_.info(way == Way::sweep ? "the users' table is swept" : "users are looked up by the links to them",
            {{"integration", session_.integration()}});
}

Result<void> UsersSampler::look_up(const std::shared_ptr<const LinkInput>& links, SampleRun& run) {
  interrupted_.reset();
  auto lookups = std::make_unique<Lookups>(client_, lookup_, links, run.clock().steady_now());
  lookups->rows->began = run.clock().now();
  return look_up(std::move(lookups), false, run);
}

Result<void> UsersSampler::look_up(std::unique_ptr<Lookups> lookups, bool goes_on, SampleRun& run) {
  const auto collected = lookups->collector.run([&run] { run.mark(); }, run.stop());
  if (!collected) {
    if (DriftInputs::can_go_on_after(collected.error())) {
      interrupted_lookups_ = std::move(lookups);
    }
    return std::unexpected(collected.error());
  }
  std::unique_ptr<RowInput> rows = std::move(lookups->rows);
  rows->report.hidden = collected->hidden;
  // What the first part showed of the reader's view may not hold any more.
  rows->report.saw_inactive = collected->saw_inactive && !goes_on;
  if (Result<void> proven = prove_view(*rows, run); !proven) {
    return proven;
  }
  say_way(Way::lookup);
  // How many rows there are, and how many of them are hidden, only a sweep can say.
  registry_.publish(session_.integration() + "/" + std::string(name()), {});
  inputs_.put_rows(std::move(rows));
  return {};
}

// What a sweep sees by the way: that the reader is shown its own row, and inactive ones.
Result<void> UsersSampler::prove_view(RowInput& rows, SampleRun& run) {
  SweepReport& report = rows.report;
  const auto& fields = client_.table().match_fields;
  const auto name_field = std::ranges::find(fields, "user_name");
  if (name_field != fields.end() && !options_.sweep.own_name.empty()) {
    const std::vector<std::string> own{options_.sweep.own_name};
    const auto found = lookup_.by_key(static_cast<std::size_t>(name_field - fields.begin()), own, run.stop());
    if (found) {
      report.saw_own_row = !found->front().rows.empty();
    } else if (found.error().error_class != ErrorClass::permission) {
      return std::unexpected(found.error());
    }
    run.mark();
  }
  if (!report.saw_inactive) {
    const auto page =
        client_.users({.query = "active=false", .limit = kInactiveRows, .offset = 0}, run.stop());
    if (page) {
      // A dropped predicate brings any rows.
      for (const servicenow::UserRow& row : page->rows) {
        if (row.active == false) {
          rows.inactive_rows.push_back(row.sys_id);
        }
      }
      report.saw_inactive = !rows.inactive_rows.empty();
      rows.inactive_rows.resize(std::min<std::size_t>(rows.inactive_rows.size(), 3));
    } else if (page.error().error_class != ErrorClass::permission) {
      return std::unexpected(page.error());
    }
    run.mark();
  }
  return {};
}

// Null where there is nothing to go on with.
template <class Listing>
Result<std::unique_ptr<Listing>> UsersSampler::go_on(std::unique_ptr<Listing>& interrupted, SampleRun& run) {
  if (!interrupted) {
    return nullptr;
  }
  const std::initializer_list<LogField> fields = {
      {"integration", session_.integration()},
      {"way", std::string(Listing::kWay)},
      {"rows", std::to_string(interrupted->rows->listing.size())}};
  if (run.clock().steady_now() - interrupted->begun > DriftInputs::keep_for(options_.interval)) {
    interrupted.reset();
    inputs_.failed();  // what waited for it is as old
    log_.info("the listing of ServiceNow's users broke off too long ago and is begun anew", fields);
    return nullptr;
  }
  const Result<bool> firm = interrupted->stands_firm(run.stop());
  if (!firm) {
    if (!DriftInputs::can_go_on_after(firm.error())) {
      interrupted.reset();
    }
    return std::unexpected(firm.error());
  }
  run.mark();
  if (!*firm) {
    interrupted.reset();
    log_.warn(
        "the row at which the listing of ServiceNow's users broke off is not shown any more; it is begun "
        "anew",
        fields);
    return nullptr;
  }
  log_.info("the listing of ServiceNow's users goes on where it broke off", fields);
  return std::move(interrupted);
}

Result<void> UsersSampler::sweep(SampleRun& run) {
  Result<std::unique_ptr<Sweep>> kept = go_on(interrupted_, run);
  if (!kept) {
    return std::unexpected(std::move(kept.error()));
  }
  std::unique_ptr<Sweep> sweep = std::move(*kept);
  const bool goes_on = sweep != nullptr;
  if (!sweep) {
    sweep = std::make_unique<Sweep>(client_, options_.sweep, run.clock().steady_now());
    sweep->rows->began = run.clock().now();
  }
  const Result<SweepReport> report = sweep->pages.run(
      [&](const servicenow::UserRow& row) {
        sweep->rows->listing.add(row);
        sweep->active_readable = sweep->active_readable && row.active.has_value();
        (row.active.value_or(false) ? sweep->active : sweep->inactive) += 1;
      },
      [&run] { run.mark(); }, run.stop());
  if (!report) {
    if (sweep->pages.can_go_on()) {
      interrupted_ = std::move(sweep);
    }
    return std::unexpected(report.error());
  }
  sweep->rows->listing.seal();
  sweep->rows->report = *report;
  if (goes_on) {
    // What the first part showed of the reader's view may not hold any more.
    if (Result<void> proven = prove_view(*sweep->rows, run); !proven) {
      return proven;
    }
  }
  if (report->method == SweepReport::Method::offset && method_ != report->method) {
    log_.warn(
        "ServiceNow does not let the reader query sys_id by range; the table is read by offset, which is "
        "slower: give "
        "the reader query_range on the users' table",
        {{"integration", session_.integration()}});
  }
  method_ = report->method;
  say_way(Way::sweep);
  total_ = report->total;
  publish(*sweep);
  inputs_.put_rows(std::move(sweep->rows));
  return {};
}

void UsersSampler::publish(const Sweep& sweep) {
  metrics::Snapshot snapshot;
  if (sweep.active_readable) {
    snapshot.push_back({&catalogue::servicenow_users, {session_.integration(), "true"}, sweep.active});
    snapshot.push_back({&catalogue::servicenow_users, {session_.integration(), "false"}, sweep.inactive});
  }
  if (sweep.rows->report.total) {
    snapshot.push_back({&catalogue::servicenow_acl_hidden_records,
                        {session_.integration(), "reader", options_.table_label},
                        static_cast<double>(sweep.rows->report.hidden)});
  }
  registry_.publish(session_.integration() + "/" + std::string(name()), std::move(snapshot));
}

}  // namespace exporter::sampling
