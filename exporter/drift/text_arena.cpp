#include "drift/text_arena.h"

#include <algorithm>

namespace exporter::drift {
namespace {

// Offsets into a chunk have sixteen bits. What does not fit has a chunk of its own.
constexpr std::size_t kChunkBytes = std::size_t{64} * 1024;
// Where every user has a domain of his own, a table of them would only cost.
constexpr std::size_t kMaxDomains = 1000;
constexpr std::size_t kMaxDomainBytes = 255;  // of a name (RFC 1035), more is none
// A shorter beginning is not worth its length's byte.
constexpr std::size_t kMinShared = 2;

// Numbers are written in groups of seven bits.
std::size_t number_bytes(std::size_t value) {
  std::size_t bytes = 1;
  while (value >= 0x80) {
    value >>= 7;
    ++bytes;
  }
  return bytes;
}

char* put_number(char* to, std::size_t value) {
  while (value >= 0x80) {
    *to++ = static_cast<char>(static_cast<unsigned char>((value & 0x7F) | 0x80));
    value >>= 7;
  }
  *to++ = static_cast<char>(static_cast<unsigned char>(value));
  return to;
}

const char* get_number(const char* from, std::size_t& value) {
  value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(*from++);
    value |= static_cast<std::size_t>(byte & 0x7FU) << shift;
    if ((byte & 0x80U) == 0) return from;
  }
}

// A text is a number (the length of its middle, and which of the next two follow), the length of what it
// shares with the record's first text, the number of its domain, and its middle.
constexpr std::size_t kHasShared = 1;
constexpr std::size_t kHasDomain = 2;
constexpr unsigned kLengthShift = 2;

}  // namespace

std::size_t TextArena::Coded::head() const {
  return middle.size() << kLengthShift | (shared > 0 ? kHasShared : 0) | (has_domain ? kHasDomain : 0);
}

std::size_t TextArena::Coded::bytes() const {
  return number_bytes(head()) + (shared > 0 ? number_bytes(shared) : 0) +
         (has_domain ? number_bytes(domain) : 0) + middle.size();
}

char* TextArena::Coded::put(char* to) const {
  to = put_number(to, head());
  if (shared > 0) to = put_number(to, shared);
  if (has_domain) to = put_number(to, domain);
  return std::copy(middle.begin(), middle.end(), to);
}

std::string TextArena::Parts::joined() const {
  std::string text(size(), '\0');
  join_into(text.data());
  return text;
}

void TextArena::Parts::join_into(char* to) const {
  to = std::copy(begin.begin(), begin.end(), to);
  to = std::copy(middle.begin(), middle.end(), to);
  std::copy(domain.begin(), domain.end(), to);
}

// nullopt: the table is full.
std::optional<std::uint32_t> TextArena::number_of_domain(std::string_view domain) {
  // Most users have the domain of the one before.
  if (last_domain_ < domains_.size() && *domains_[last_domain_] == domain) return last_domain_;
  auto known = domain_numbers_.find(domain);
  if (known == domain_numbers_.end()) {
    if (domains_.size() >= kMaxDomains) return std::nullopt;
    domains_.push_back(std::make_unique<const std::string>(domain));
    known = domain_numbers_.emplace(*domains_.back(), static_cast<std::uint32_t>(domains_.size() - 1)).first;
  }
  last_domain_ = known->second;
  return known->second;
}

// `first_stem`: the record's first text without its domain; empty for the first itself.
TextArena::Coded TextArena::encode(std::string_view text, std::string_view first_stem) {
  Coded coded;
  const std::size_t at = text.rfind('@');
  if (at != std::string_view::npos && text.size() - at <= kMaxDomainBytes) {
    if (const auto number = number_of_domain(text.substr(at))) {
      coded.has_domain = true;
      coded.domain = *number;
      text = text.substr(0, at);
    }
  }
  const auto shared = static_cast<std::size_t>(std::ranges::mismatch(text, first_stem).in1 - text.begin());
  if (shared >= kMinShared) coded.shared = shared;
  coded.middle = text.substr(coded.shared);
  return coded;
}

TextArena::Place TextArena::add(std::span<const std::string_view> texts) {
  adding_.clear();
  std::size_t needed = 0;
  for (const std::string_view text : texts) {
    adding_.push_back(encode(text, adding_.empty() ? std::string_view() : adding_.front().middle));
    needed += adding_.back().bytes();
  }
  if (last_used_ + needed > last_size_) {
    last_size_ = std::max(kChunkBytes, needed);
    last_used_ = 0;
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(last_size_));
    bytes_ += last_size_;
  }
  const Place place{static_cast<std::uint32_t>(chunks_.size() - 1), static_cast<std::uint16_t>(last_used_)};
  char* to = chunks_.back().get() + last_used_;
  for (const Coded& coded : adding_) to = coded.put(to);
  last_used_ += needed;
  return place;
}

TextArena::Parts TextArena::get(Place place, std::size_t index) const {
  const char* from = chunks_[place.chunk].get() + place.offset;
  std::string_view first_stem;
  for (std::size_t i = 0;; ++i) {
    std::size_t head = 0;
    std::size_t shared = 0;
    std::size_t domain = 0;
    from = get_number(from, head);
    if ((head & kHasShared) != 0) from = get_number(from, shared);
    if ((head & kHasDomain) != 0) from = get_number(from, domain);
    const std::string_view middle(from, head >> kLengthShift);
    if (i == 0) first_stem = middle;
    if (i == index) {
      return {.begin = first_stem.substr(0, shared),
              .middle = middle,
              .domain = (head & kHasDomain) != 0 ? std::string_view(*domains_[domain]) : std::string_view()};
    }
    from += middle.size();
  }
}

std::size_t TextArena::memory_bytes() const {
  std::size_t bytes = bytes_ + chunks_.capacity() * sizeof(chunks_[0]);
  // With a guess at what a node of the table takes.
  for (const auto& domain : domains_) bytes += sizeof(std::string) + domain->capacity() + std::size_t{64};
  return bytes;
}

}  // namespace exporter::drift
