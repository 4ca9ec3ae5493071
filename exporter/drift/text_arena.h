// The texts of a listing, one record after the other, in chunks that never move.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace exporter::drift {

// What the texts have in common is kept once: mail domains in a table of up to 1,000, and in each record the
// beginning of its first text. A user name and a mail address that differ in their domain only take some 20
// bytes together. Not thread-safe while it grows.
class TextArena {
 public:
  struct Place {
    std::uint32_t chunk = 0;
    std::uint16_t offset = 0;
  };

  // A stored text, in the parts that it is put together from. Valid as long as the arena.
  struct Parts {
    std::string_view begin;
    std::string_view middle;
    std::string_view domain;
    std::size_t size() const { return begin.size() + middle.size() + domain.size(); }
    std::string joined() const;
    // Writes size() bytes.
    void join_into(char* to) const;
  };

  // Stores the texts as one record.
  Place add(std::span<const std::string_view> texts);
  // The text number `index` of a record.
  Parts get(Place place, std::size_t index) const;
  std::size_t memory_bytes() const;

 private:
  // A text as it is to be written.
  struct Coded {
    std::string_view middle;
    std::size_t shared = 0;  // bytes of the record's first text
    std::size_t domain = 0;
    bool has_domain = false;
    std::size_t head() const;
    std::size_t bytes() const;
    char* put(char* to) const;
  };
  Coded encode(std::string_view text, std::string_view first_stem);
  std::optional<std::uint32_t> number_of_domain(std::string_view domain);

  std::vector<std::unique_ptr<char[]>> chunks_;
  std::size_t last_size_ = 0;
  std::size_t last_used_ = 0;
  std::size_t bytes_ = 0;
  std::vector<std::unique_ptr<const std::string>> domains_;  // with their '@'; they never move
  std::unordered_map<std::string_view, std::uint32_t> domain_numbers_;
  std::uint32_t last_domain_ = 0;
  std::vector<Coded> adding_;  // kept for its memory
};

}  // namespace exporter::drift
