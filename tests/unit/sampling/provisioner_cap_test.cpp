#include "sampling/provisioner_cap.h"

#include <gtest/gtest.h>

#include "fakes/fake_clock.h"

namespace exporter::sampling {
namespace {

using namespace std::chrono_literals;

TEST(ProvisionerCap, AllowsNoMoreThanItsNumberWithinAnyHour) {
  fakes::FakeClock clock;
  ProvisionerCap cap(nullptr, 3, clock);
  EXPECT_TRUE(cap.spend_request());
  clock.advance(30min);
  EXPECT_TRUE(cap.spend_request());
  EXPECT_TRUE(cap.spend_request());
  EXPECT_FALSE(cap.spend_request());
  clock.advance(29min);
  EXPECT_FALSE(cap.spend_request());
  clock.advance(1min);
  EXPECT_TRUE(cap.spend_request()) << "the first one is an hour old";
  EXPECT_FALSE(cap.spend_request());
}

TEST(ProvisionerCap, ACapOfZeroNeverAsks) {
  fakes::FakeClock clock;
  ProvisionerCap cap(nullptr, 0, clock);
  EXPECT_FALSE(cap.spend_request());
}

TEST(ProvisionerCap, AJumpOfTheWallClockChangesNothing) {
  fakes::FakeClock clock;
  ProvisionerCap cap(nullptr, 1, clock);
  EXPECT_TRUE(cap.spend_request());
  clock.set_system(clock.now() + 5h);
  EXPECT_FALSE(cap.spend_request());
}

}  // namespace
}  // namespace exporter::sampling
