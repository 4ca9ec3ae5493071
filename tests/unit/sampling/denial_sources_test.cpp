#include "sampling/denial_sources.h"

#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/fake_clock.h"
#include "fakes/fake_log.h"
#include "metrics/registry.h"

namespace exporter::sampling {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Result<void> failed(ErrorClass error_class) {
  return std::unexpected(Error{.error_class = error_class, .message = "the answer"});
}

TEST(DenialSources, ASystemLogThatWasReadIsAvailable) {
  const DenialSource source = okta_task_source({});
  EXPECT_TRUE(source.available);
  EXPECT_THAT(source.why, IsEmpty());
}

TEST(DenialSources, OnlyARefusalIsMendedByARole) {
  const DenialSource refused = okta_task_source(failed(ErrorClass::permission));
  EXPECT_FALSE(refused.available);
  EXPECT_THAT(refused.remedy, HasSubstr("okta.logs.read"));
  const DenialSource limited = okta_task_source(failed(ErrorClass::rate_limited));
  EXPECT_FALSE(limited.available);
  EXPECT_THAT(limited.why, HasSubstr("the answer"));
  EXPECT_THAT(limited.remedy, Not(HasSubstr("role")));
}

TEST(DenialSources, SaysAChangeOnce) {
  const fakes::FakeClock clock;
  metrics::Registry registry(clock);
  fakes::FakeLog log;
  DenialSources sources("production", registry, log);
  sources.set(okta_task_source(failed(ErrorClass::permission)));
  sources.set(okta_task_source(failed(ErrorClass::permission)));
  EXPECT_EQ(log.count(LogLevel::info), 1U);
  sources.set(okta_task_source({}));
  EXPECT_EQ(log.count(LogLevel::info), 2U);
  ASSERT_EQ(sources.list().size(), 1U);
  EXPECT_TRUE(sources.list().front().available);
}

}  // namespace
}  // namespace exporter::sampling
