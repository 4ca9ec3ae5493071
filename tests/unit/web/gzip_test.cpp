#include "web/gzip.h"

#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "unit/web/raw_client.h"

namespace exporter::web {
namespace {

TEST(Gzip, RoundTripsBodiesOfEverySizeWithOneState) {
  Gzip gzip(1);
  std::string repetitive;
  for (int i = 0; i < 20'000; ++i)
    repetitive += "okta_up{integration=\"production\"} " + std::to_string(i) + "\n";
  // Noise does not shrink, so the first guess at the size is too small.
  std::string noise(300'000, '\0');
  std::uint32_t state = 1;
  for (char& c : noise) {
    state = state * 1664525 + 1013904223;
    c = static_cast<char>(state >> 24);
  }
  for (const std::string& text : {std::string(), std::string("a"), repetitive, noise, repetitive}) {
    const std::string compressed = gzip.compress(text);
    EXPECT_EQ(testing::gunzip(compressed), text);
  }
  EXPECT_LT(gzip.compress(repetitive).size(), repetitive.size() / 5);
}

}  // namespace
}  // namespace exporter::web
