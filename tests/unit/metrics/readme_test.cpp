#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "metrics/text_format.h"

namespace exporter::metrics {
namespace {

constexpr const char* kReadme = SOURCE_DIR "/README.md";
constexpr std::string_view kBegin = "<!-- metrics:begin -->\n";
constexpr std::string_view kEnd = "<!-- metrics:end -->";

// With UPDATE_README=1 in the environment this writes the section instead:
//   UPDATE_README=1 ctest --preset debug -R Readme
TEST(Readme, HoldsTheTableOfTheCatalogue) {
  std::ifstream file(kReadme);
  ASSERT_TRUE(file) << kReadme << " is not there";
  std::string readme{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const std::size_t begin = readme.find(kBegin);
  const std::size_t end = readme.find(kEnd);
  ASSERT_TRUE(begin != std::string::npos && end != std::string::npos && begin < end)
      << kReadme << " has no lines " << kBegin << " … " << kEnd;
  // GitHub renders a table only after an empty line, and before one.
  const std::string section = "\n" + render_markdown_table() + "\n";
  const std::size_t from = begin + kBegin.size();
  if (std::getenv("UPDATE_README") != nullptr) {
    readme.replace(from, end - from, section);
    std::ofstream(kReadme) << readme;
    return;
  }
  EXPECT_EQ(readme.substr(from, end - from), section) << "run this test with UPDATE_README=1";
}

}  // namespace
}  // namespace exporter::metrics
