#include "base/spare_text.h"

#include <gtest/gtest.h>

namespace exporter {
namespace {

TEST(SpareText, HandsOutItsMemoryOnce) {
  SpareText spare;
  EXPECT_EQ(spare.take().capacity(), std::string().capacity()) << "nothing was put yet";
  std::string page(1000, 'x');
  const char* const memory = page.data();
  spare.put(std::move(page));
  EXPECT_EQ(spare.take().data(), memory);
  EXPECT_TRUE(spare.take().empty());
}

TEST(SpareText, HoldsAllThatWasPut) {
  SpareText spare;
  spare.put(std::string(1000, 'x'));
  spare.put(std::string(2000, 'y'));
  EXPECT_EQ(spare.take(), std::string(2000, 'y'));
  EXPECT_EQ(spare.take(), std::string(1000, 'x'));
  EXPECT_TRUE(spare.take().empty());
}

}  // namespace
}  // namespace exporter
