#include "sampling/drift_inputs.h"

#include <future>
#include <stop_token>

#include <gtest/gtest.h>

namespace exporter::sampling {
namespace {

class DriftInputsTest : public testing::Test {
 protected:
  DriftInputsTest() {
    inputs_.connect({.ready = [this] { ++ready_; },
                     .incomplete = [this] { ++incomplete_; },
                     .want_links = [this] { ++want_links_; },
                     .want_rows = [this] { ++want_rows_; },
                     .want_rows_beside = [this] { ++want_rows_beside_; }});
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
  int want_rows_beside_ = 0;
};

TEST_F(DriftInputsTest, AsksForTheRowsBesideALongListingOnce) {
  inputs_.listing_links(500);
  EXPECT_EQ(want_rows_beside_, 0) << "too short to be worth it";
  for (std::size_t links = 10'000; links <= 20'000; links += 500) inputs_.listing_links(links);
  EXPECT_EQ(want_rows_beside_, 1);
  inputs_.failed();  // the other side
  inputs_.listing_links(20'500);
  EXPECT_EQ(want_rows_beside_, 1) << "who has just failed is not asked again at each page";
  inputs_.listing_over();
  inputs_.listing_links(30'000);
  EXPECT_EQ(want_rows_beside_, 2) << "a new listing";
}

TEST_F(DriftInputsTest, AsksForNoRowsThatWaitAlready) {
  put_rows();
  inputs_.listing_links(10'000);
  EXPECT_EQ(want_rows_beside_, 0);
}

TEST_F(DriftInputsTest, WaitsForAsManyLinksAsAreEnough) {
  const auto wait = [this](std::size_t enough, std::stop_token stop = {}) {
    return inputs_.wait_for_links([enough](std::size_t links) { return links >= enough; }, [] {}, stop);
  };
  EXPECT_FALSE(wait(0)) << "nothing is being listed";
  inputs_.listing_links(500);
  EXPECT_TRUE(wait(500));
  int pages = 0;
  auto waiting = std::async(std::launch::async, [&] {
    return inputs_.wait_for_links([](std::size_t links) { return links >= 1500; }, [&] { ++pages; }, {});
  });
  inputs_.listing_links(1000);
  inputs_.listing_links(1500);
  EXPECT_TRUE(waiting.get());
  EXPECT_LE(pages, 2);

  waiting = std::async(std::launch::async, wait, 2000, std::stop_token());
  inputs_.listing_over();
  EXPECT_FALSE(waiting.get());

  inputs_.listing_links(500);
  waiting = std::async(std::launch::async, wait, 2000, std::stop_token());
  put_links();
  EXPECT_FALSE(waiting.get()) << "the links are there, which is better than many of them";

  inputs_.listing_links(500);
  std::stop_source stop;
  waiting = std::async(std::launch::async, wait, 2000, stop.get_token());
  stop.request_stop();
  EXPECT_FALSE(waiting.get());
}

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
