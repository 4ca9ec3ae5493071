// A gzip stream, inflated as it arrives. Ours because libcurl 7.88 takes a cut stream for a success (run and
// seen) and has no bound on what it inflates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace exporter::net {

// Not thread-safe.
class GzipReader {
 public:
  enum class Outcome : std::uint8_t { ok, broken, too_big };

  GzipReader();
  ~GzipReader();
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;

  // Appends what `input` inflates to, until `output` would exceed `max_size` bytes. After anything but ok:
  // don't go on.
  Outcome feed(std::string_view input, std::string& output, std::size_t max_size);
  // Whether the stream ended where it may: after the checksum of a member, or before its first byte (a 204).
  bool complete() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace exporter::net
