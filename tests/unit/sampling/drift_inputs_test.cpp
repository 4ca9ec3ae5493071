#include "sampling/drift_inputs.h"

#include <gtest/gtest.h>

namespace exporter::sampling {
namespace {

class DriftInputsTest : public testing::Test {
 protected:
  DriftInputsTest() {
    inputs_.connect({.ready = [this] { ++ready_; },
                     .incomplete = [this] { ++incomplete_; },
                     .want_links = [this] { ++want_links_; },
                     .want_rows = [this] { ++want_rows_; }});
  }
  void put_links() {
    inputs_.put_links(std::make_unique<LinkInput>(LinkInput{drift::LinkListing(1), {"A"}}));
  }
  void put_rows() { inputs_.put_rows(std::make_unique<RowInput>(RowInput{drift::RowListing(1), {}})); }

  DriftInputs inputs_;
  int ready_ = 0;
  int incomplete_ = 0;
  int want_links_ = 0;
  int want_rows_ = 0;
};

TEST_F(DriftInputsTest, HandsOutAPairOnceWhenBothSidesAreThere) {
  put_links();
  EXPECT_EQ(inputs_.take(), nullptr);
  put_rows();
  EXPECT_EQ(ready_, 1);
  const auto pair = inputs_.take();
  ASSERT_NE(pair, nullptr);
  EXPECT_EQ(pair->links->features, std::vector<std::string>{"A"});
  EXPECT_EQ(inputs_.take(), nullptr);
}

TEST_F(DriftInputsTest, AsksForTheOtherSideAtOnce) {
  put_links();
  EXPECT_EQ(want_rows_, 1);
  EXPECT_EQ(want_links_, 0);
  put_rows();
  put_rows();
  EXPECT_EQ(want_links_, 1);
}

TEST_F(DriftInputsTest, AFailureOfOneSideSpoilsTheRound) {
  put_links();
  inputs_.failed();
  EXPECT_EQ(incomplete_, 1);
  put_rows();
  EXPECT_EQ(ready_, 0) << "the links are from an earlier round";
  EXPECT_EQ(want_links_, 1);
  put_links();
  EXPECT_EQ(ready_, 1);
}

TEST_F(DriftInputsTest, ALaterListingReplacesAnEarlierOne) {
  put_links();
  inputs_.put_links(std::make_unique<LinkInput>(LinkInput{drift::LinkListing(1), {"B"}}));
  put_rows();
  EXPECT_EQ(inputs_.take()->links->features, std::vector<std::string>{"B"});
}

}  // namespace
}  // namespace exporter::sampling
