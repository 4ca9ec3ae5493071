// A growing array that never moves: doubling a vector of a million records would need its memory three times
// over.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace exporter::drift {

// Not thread-safe while it grows. T must be default-constructible and trivially copyable.
template <class T>
class ChunkedVector {
 public:
  void push_back(const T& value) {
    if (size_ == chunks_.size() * kChunk) chunks_.push_back(std::make_unique_for_overwrite<T[]>(kChunk));
    chunks_[size_ / kChunk][size_ % kChunk] = value;
    ++size_;
  }
  const T& operator[](std::size_t index) const { return chunks_[index / kChunk][index % kChunk]; }
  // Has the processor fetch an element that is wanted a little later.
  void prefetch(std::size_t index) const { __builtin_prefetch(&(*this)[index]); }
  std::size_t size() const { return size_; }
  std::size_t memory_bytes() const { return chunks_.size() * (kChunk * sizeof(T) + sizeof(chunks_[0])); }

 private:
  static constexpr std::size_t kChunk = std::size_t{1} << 12;
  std::vector<std::unique_ptr<T[]>> chunks_;
  std::size_t size_ = 0;
};

}  // namespace exporter::drift
