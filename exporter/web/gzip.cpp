#include "web/gzip.h"

#include <algorithm>
#include <array>
#include <limits>
#include <new>

#include <zlib.h>

namespace exporter::web {
namespace {

// Magic, deflate, no flags, no time, no hint, Unix.
constexpr std::array<char, 10> kHeader{'\x1f', '\x8b', 8, 0, 0, 0, 0, 0, 0, 3};
constexpr std::size_t kTrailerBytes = 8;

std::uint32_t checksum_of(std::string_view text) {
  return static_cast<std::uint32_t>(
      ::crc32_z(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<z_size_t>(text.size())));
}

void put_little_endian(char* out, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) out[i] = static_cast<char>(value >> (8 * i));
}

}  // namespace

struct Gzip::Stream {
  z_stream z{};
};

Gzip::Gzip(int level) : stream_(std::make_unique<Stream>()) {
  constexpr int kRawWindow = -15;
  constexpr int kMemoryLevel = 8;
  if (::deflateInit2(&stream_->z, level, Z_DEFLATED, kRawWindow, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
}

Gzip::~Gzip() { ::deflateEnd(&stream_->z); }

std::string Gzip::deflate(std::string_view text, bool last, std::size_t room_before, std::size_t room_after) {
  z_stream& z = stream_->z;
  ::deflateReset(&z);
  std::string out;
  // Expositions shrink to a tenth or less; deflateBound would reserve more than the text itself.
  out.resize(room_before + text.size() / 8 + 256 + room_after);
  // zlib's input pointer is not const before ZLIB_CONST.
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  std::size_t left = text.size();
  std::size_t written = room_before;
  // A full flush ends at a byte and forgets what was before, so that another stream may go on from here.
  const int end = last ? Z_FINISH : Z_FULL_FLUSH;
  for (bool done = false; !done;) {
    if (z.avail_in == 0) {
      z.avail_in = static_cast<uInt>(std::min<std::size_t>(left, std::numeric_limits<uInt>::max()));
      left -= z.avail_in;
    }
    if (out.size() - written <= room_after) out.resize(out.size() * 2);
    const std::size_t room =
        std::min<std::size_t>(out.size() - room_after - written, std::numeric_limits<uInt>::max());
    z.next_out = reinterpret_cast<Bytef*>(out.data() + written);
    z.avail_out = static_cast<uInt>(room);
    const int result = ::deflate(&z, left == 0 ? end : Z_NO_FLUSH);
    written += room - z.avail_out;
    done = last ? result == Z_STREAM_END : left == 0 && z.avail_in == 0 && z.avail_out > 0;
  }
  out.resize(written + room_after);
  return out;
}

std::string Gzip::compress(std::string_view text) {
  const Part nothing{.bytes = std::string(kHeader.begin(), kHeader.end())};
  return nothing.bytes + finish(nothing, text);
}

Gzip::Part Gzip::begin(std::string_view text) {
  Part part{
      .bytes = deflate(text, false, kHeader.size(), 0), .checksum = checksum_of(text), .size = text.size()};
  std::ranges::copy(kHeader, part.bytes.begin());
  return part;
}

std::string Gzip::finish(const Part& first, std::string_view rest) {
  std::string bytes = deflate(rest, true, 0, kTrailerBytes);
  const auto checksum = static_cast<std::uint32_t>(
      ::crc32_combine(first.checksum, checksum_of(rest), static_cast<z_off_t>(rest.size())));
  char* const trailer = bytes.data() + bytes.size() - kTrailerBytes;
  put_little_endian(trailer, checksum);
  put_little_endian(trailer + 4, static_cast<std::uint32_t>(first.size + rest.size()));
  return bytes;
}

}  // namespace exporter::web
