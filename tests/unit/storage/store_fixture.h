// A store in a directory of its own, that can be closed, opened again and copied as a crash would leave it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "fakes/fake_clock.h"
#include "fakes/fake_log.h"
#include "storage/store.h"

namespace exporter::storage {

class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    root_ = std::filesystem::path(testing::TempDir()) / ("storage-" + std::string(test->test_suite_name()) +
                                                         "-" + test->name() + "-" + std::to_string(getpid()));
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  ~StoreTest() override {
    store_.reset();
    std::filesystem::remove_all(root_);
  }

  std::filesystem::path directory() const { return root_ / "state"; }
  std::filesystem::path file() const { return directory() / "state.db"; }

  Result<std::unique_ptr<Store>> try_open(bool reset_counters = false) {
    return open_store({.path = directory().string(), .reset_counters = reset_counters}, clock_, log_);
  }
  // Opens, or opens again, and opens the integration "production".
  void open(bool reset_counters = false) {
    store_.reset();
    auto opened = try_open(reset_counters);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
    id_ = open_integration().id;
  }
  // The state as kill -9 would leave it now: what is on the disk, without an orderly close.
  void crash() {
    const std::filesystem::path left = root_ / "left";
    std::filesystem::remove_all(left);
    std::filesystem::copy(directory(), left);
    store_.reset();
    std::filesystem::remove_all(directory());
    std::filesystem::rename(left, directory());
    open();
  }

  IntegrationState open_integration(const std::string& name = "production",
                                    const Fingerprint& fingerprint = kHere) {
    auto state = store_->open_integration(name, fingerprint);
    EXPECT_TRUE(state) << state.error().message;
    return state.value_or(IntegrationState());
  }

  double counter(const std::string& metric, const std::string& labels) {
    const auto counters = store_->counters(id_);
    EXPECT_TRUE(counters) << counters.error().message;
    const auto found = counters->find({.metric = metric, .labels = labels});
    return found == counters->end() ? 0 : found->second;
  }

  inline static const Fingerprint kHere{
      .okta_host = "acme.okta.com", .app_id = "0oa1", .servicenow_host = "acme.service-now.com"};

  fakes::FakeClock clock_;
  fakes::FakeLog log_;
  std::unique_ptr<Store> store_;
  IntegrationId id_ = 0;

 private:
  std::filesystem::path root_;
};

}  // namespace exporter::storage
