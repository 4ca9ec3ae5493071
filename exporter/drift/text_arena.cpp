#include "drift/text_arena.h"

#include <algorithm>

namespace exporter::drift {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{64} * 1024;

// A text is its length + 1 in groups of seven bits, then its bytes; 0 stands for "the same as".
std::size_t length_bytes(std::size_t value) {
  std::size_t bytes = 1;
  while (value >= 0x80) {
    value >>= 7;
    ++bytes;
  }
  return bytes;
}

char* put_length(char* to, std::size_t value) {
  while (value >= 0x80) {
    *to++ = static_cast<char>(static_cast<unsigned char>((value & 0x7F) | 0x80));
    value >>= 7;
  }
  *to++ = static_cast<char>(static_cast<unsigned char>(value));
  return to;
}

const char* get_length(const char* from, std::size_t& value) {
  value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(*from++);
    value |= static_cast<std::size_t>(byte & 0x7FU) << shift;
    if ((byte & 0x80U) == 0) return from;
  }
}

}  // namespace

TextArena::Place TextArena::add(std::span<const std::string_view> texts, std::size_t same_as) {
  const auto is_copy = [&](std::size_t i) {
    return same_as < texts.size() && i > same_as && texts[i] == texts[same_as];
  };
  std::size_t needed = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    needed += is_copy(i) ? 1 : length_bytes(texts[i].size() + 1) + texts[i].size();
  }
  if (last_used_ + needed > last_size_) {
    last_size_ = std::max(kChunkBytes, needed);
    last_used_ = 0;
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(last_size_));
    bytes_ += last_size_;
  }
  const Place place{static_cast<std::uint32_t>(chunks_.size() - 1), static_cast<std::uint32_t>(last_used_)};
  char* to = chunks_.back().get() + last_used_;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (is_copy(i)) {
      to = put_length(to, 0);
    } else {
      to = put_length(to, texts[i].size() + 1);
      to = std::copy(texts[i].begin(), texts[i].end(), to);
    }
  }
  last_used_ += needed;
  return place;
}

std::string_view TextArena::get(Place place, std::size_t index, std::size_t same_as) const {
  const char* from = chunks_[place.chunk].get() + place.offset;
  std::string_view original;
  for (std::size_t i = 0;; ++i) {
    std::size_t length = 0;
    from = get_length(from, length);
    const std::string_view text = length == 0 ? original : std::string_view(from, length - 1);
    if (i == index) return text;
    if (i == same_as) original = text;
    if (length > 0) from += length - 1;
  }
}

}  // namespace exporter::drift
