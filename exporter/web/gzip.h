// gzip of bodies, whole or of two parts that are compressed at different times.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace exporter::web {

// Keeps zlib's 256 KiB of state between bodies. Not thread-safe.
class Gzip {
 public:
  // level: 1 (fast) to 9 (small).
  explicit Gzip(int level);
  ~Gzip();
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  // Throws std::bad_alloc only, as all of these.
  std::string compress(std::string_view text);

  // The first part of a body whose rest comes later, often: `bytes` and what finish() makes are one gzip
  // member (RFC 1952), which every client reads; several members in a row not every client does.
  struct Part {
    std::string bytes;
    std::uint32_t checksum = 0;
    std::size_t size = 0;  // of the text
  };
  Part begin(std::string_view text);
  std::string finish(const Part& first, std::string_view rest);

 private:
  struct Stream;
  std::string deflate(std::string_view text, bool last, std::size_t room_before, std::size_t room_after);

  std::unique_ptr<Stream> stream_;
};

}  // namespace exporter::web
