// An integration with its state, an Okta that answers from a script and a ServiceNow in memory: what samplers
// are given.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "drift/comparison.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_log.h"
#include "fakes/fake_transport.h"
#include "fakes/no_signer.h"
#include "fakes/recording_observer.h"
#include "metrics/registry.h"
#include "sampling/session.h"
#include "servicenow/row_lookup.h"
#include "unit/servicenow/instance.h"

namespace exporter::sampling {

// What Okta's own account may see; no provisioner unless a test gives one.
class ProvisionerOfTest final : public drift::ProvisionerView {
 public:
  servicenow::RowLookup* lookup() override { return view; }
  bool spend_request() override { return true; }
  servicenow::RowLookup* view = nullptr;
};

// The integration alone, for what is no test itself.
class IntegrationInMemory {
 protected:
  IntegrationInMemory() { opened_ = session_.open({}).value_or(Session::Opened()); }

  double counter(const std::string& metric, const std::string& labels) {
    const auto counters = store_->counters(opened_.id);
    EXPECT_TRUE(counters);
    const auto found = counters->find({.metric = metric, .labels = labels});
    return found == counters->end() ? 0 : found->second;
  }

  static storage::KnownLink known(std::string user, std::string external_id, std::string name) {
    return {.okta_user_id = std::move(user),
            .external_id = std::move(external_id),
            .keys = {std::move(name), ""},
            .status = "PROVISIONED",
            .scope = "USER"};
  }
  // The links of a complete listing, in the order of their user ids.
  void listed(std::vector<storage::KnownLink> links, bool keep_leavers = true) {
    ASSERT_TRUE(store_->remember_links(
        opened_.id, {.after = {}, .upto = {}, .links = std::move(links), .keep_leavers = keep_leavers}));
  }

  fakes::FakeClock clock_;
  fakes::FakeLog log_;
  fakes::FakeTransport okta_transport_;
  fakes::RecordingObserver observer_;
  fakes::NoSigner signer_;
  net::ApiClient api_{{.api = net::Api::okta, .base_url = "https://example.okta.com", .max_attempts = 1},
                      okta_transport_,
                      signer_,
                      clock_,
                      observer_};
  okta::Client okta_{api_, {"userName", "profile.email"}};
  metrics::Registry registry_{clock_};
  SampleBook book_{registry_, log_};
  CounterBook counters_{"production", {"sys_user"}, registry_};
  std::unique_ptr<storage::Store> store_ =
      std::move(storage::open_store({.path = ":memory:"}, clock_, log_)).value();
  Session session_{{.integration = "production",
                    .app = {.id = "0oa1", .name = {}, .label = {}},
                    .okta_host = "example.okta.com",
                    .servicenow_host = "example.service-now.com",
                    .tier = "production"},
                   okta_,
                   *store_,
                   counters_,
                   book_,
                   registry_,
                   log_};
  Session::Opened opened_;
};

class SamplingWorld : public testing::Test, protected IntegrationInMemory {
 protected:
  tests::Instance instance_;
  tests::Connection connection_{instance_};
  servicenow::TableRowLookup reader_{connection_.client};
  ProvisionerOfTest provisioner_;
};

}  // namespace exporter::sampling
