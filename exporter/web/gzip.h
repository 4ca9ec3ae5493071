// gzip of whole bodies.
#pragma once

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

  // Throws std::bad_alloc only.
  std::string compress(std::string_view text);

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
};

}  // namespace exporter::web
