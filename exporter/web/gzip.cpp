#include "web/gzip.h"

#include <algorithm>
#include <limits>
#include <new>

#include <zlib.h>

namespace exporter::web {

struct Gzip::Stream {
  z_stream z{};
};

Gzip::Gzip(int level) : stream_(std::make_unique<Stream>()) {
  constexpr int kGzipWindow = 15 + 16;
  constexpr int kMemoryLevel = 8;
  if (::deflateInit2(&stream_->z, level, Z_DEFLATED, kGzipWindow, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
}

Gzip::~Gzip() { ::deflateEnd(&stream_->z); }

std::string Gzip::compress(std::string_view text) {
  z_stream& z = stream_->z;
  ::deflateReset(&z);
  std::string out;
  // Expositions shrink to a tenth or less; deflateBound would reserve more than the text itself.
  out.resize(text.size() / 8 + 256);
  // zlib's input pointer is not const before ZLIB_CONST.
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  std::size_t left = text.size();
  std::size_t written = 0;
  int result = Z_OK;
  while (result != Z_STREAM_END) {
    if (z.avail_in == 0) {
      z.avail_in = static_cast<uInt>(std::min<std::size_t>(left, std::numeric_limits<uInt>::max()));
      left -= z.avail_in;
    }
    if (written == out.size()) out.resize(out.size() * 2);
    const std::size_t room = std::min<std::size_t>(out.size() - written, std::numeric_limits<uInt>::max());
    z.next_out = reinterpret_cast<Bytef*>(out.data() + written);
    z.avail_out = static_cast<uInt>(room);
    result = ::deflate(&z, left == 0 ? Z_FINISH : Z_NO_FLUSH);
    written += room - z.avail_out;
  }
  out.resize(written);
  return out;
}

}  // namespace exporter::web
