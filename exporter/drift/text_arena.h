// The texts of a listing, one record after the other, in chunks that never move.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace exporter::drift {

// Not thread-safe while it grows.
class TextArena {
 public:
  struct Place {
    std::uint32_t chunk = 0;
    std::uint32_t offset = 0;
  };

  // Stores the texts as one record. A text equal to texts[same_as] is kept once; same_as texts.size(): none.
  Place add(std::span<const std::string_view> texts, std::size_t same_as);
  // The text number `index` of a record, given the same_as it was stored with.
  std::string_view get(Place place, std::size_t index, std::size_t same_as) const;
  std::size_t memory_bytes() const { return bytes_ + chunks_.capacity() * sizeof(chunks_[0]); }

 private:
  std::vector<std::unique_ptr<char[]>> chunks_;
  std::size_t last_size_ = 0;
  std::size_t last_used_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace exporter::drift
