#include "drift/text_arena.h"

#include <gtest/gtest.h>

namespace exporter::drift {
namespace {

// A record of `texts`, read back.
std::vector<std::string> through(TextArena& arena, const std::vector<std::string_view>& texts) {
  const TextArena::Place place = arena.add(texts);
  std::vector<std::string> read;
  for (std::size_t i = 0; i < texts.size(); ++i) read.push_back(arena.get(place, i).joined());
  return read;
}

std::vector<std::string> copies(const std::vector<std::string_view>& texts) {
  return {texts.begin(), texts.end()};
}

TEST(TextArena, GivesBackTextsWhateverTheyHaveInCommon) {
  const std::vector<std::vector<std::string_view>> records{
      {"anna@example.com", "anna@mail.example.com", "00u1"},
      {"anna@example.com", "anna@example.com", "anna@example.com"},
      {"anna@example.com", "anna", "annabel@example.com", "an", "a"},
      {"", "anna@example.com", ""},
      {"@example.com", "@", "@@", "anna@b@example.com"},
      {"anna@example.com", "@example.com", "anna@", "anna@example.com.org"},
      {"b\xC3\xB6rn@example.com", "b\xC3\xA9la@example.com"},
      {std::string_view("nul\0@a\0b", 8), std::string_view("nul\0", 4)},
  };
  TextArena arena;
  for (const auto& texts : records) EXPECT_EQ(through(arena, texts), copies(texts));
}

TEST(TextArena, KeepsTextsThatAreLongerThanAChunk) {
  TextArena arena;
  const std::string lengthy(200'000, 'k');
  const std::string with_domain = lengthy + "@" + std::string(300, 'd');
  const std::vector<std::string_view> texts{lengthy, with_domain, "z"};
  EXPECT_EQ(through(arena, texts), copies(texts));
  EXPECT_EQ(through(arena, {"next"}), std::vector<std::string>{"next"});
}

TEST(TextArena, GivesBackTextsOfMoreDomainsThanItKeepsOnce) {
  TextArena arena;
  std::vector<TextArena::Place> places;
  const auto text = [](std::size_t i) { return "anna@" + std::to_string(i) + ".example.com"; };
  for (std::size_t i = 0; i < 3000; ++i) {
    const std::string name = text(i);
    places.push_back(arena.add(std::vector<std::string_view>{name, name}));
  }
  for (std::size_t i = 0; i < places.size(); ++i) {
    ASSERT_EQ(arena.get(places[i], 0).joined(), text(i));
    ASSERT_EQ(arena.get(places[i], 1).joined(), text(i));
  }
}

}  // namespace
}  // namespace exporter::drift
