#include "net/gzip.h"

#include <array>
#include <new>

#include <zlib.h>

namespace exporter::net {

namespace {

// zlib: gzip only, no zlib and no raw deflate.
constexpr int kGzipWindow = 16 + MAX_WBITS;
constexpr std::size_t kChunk = std::size_t{32} * 1024;

}  // namespace

struct GzipReader::State {
  z_stream stream{};
  std::array<Bytef, kChunk> chunk{};
  bool started = false;
  bool member_ended = false;
};

GzipReader::GzipReader() : state_(std::make_unique<State>()) {
  if (inflateInit2(&state_->stream, kGzipWindow) != Z_OK) {
    throw std::bad_alloc();
  }
}

GzipReader::~GzipReader() { inflateEnd(&state_->stream); }

GzipReader::Outcome GzipReader::feed(std::string_view input, std::string& output, std::size_t max_size) {
  if (input.empty()) {
    return Outcome::ok;
  }
  z_stream& stream = state_->stream;
  // zlib doesn't write to its input; its field is not const unless ZLIB_CONST is defined for every user of
  // the header.
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(input.data()));
  stream.avail_in = static_cast<uInt>(input.size());
  state_->started = true;
  do {
    if (state_->member_ended) {
      // RFC 1952 allows several members in a row; anything else after the end is an error of inflate's.
      if (inflateReset(&stream) != Z_OK) {
        return Outcome::broken;
      }
      state_->member_ended = false;
    }
    stream.next_out = state_->chunk.data();
    stream.avail_out = static_cast<uInt>(state_->chunk.size());
    const int result = inflate(&stream, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      return Outcome::broken;
    }
    const std::size_t produced = state_->chunk.size() - stream.avail_out;
    if (output.size() + produced > max_size) {
      return Outcome::too_big;
    }
    output.append(reinterpret_cast<const char*>(state_->chunk.data()), produced);
    state_->member_ended = result == Z_STREAM_END;
  } while (stream.avail_in > 0 || (stream.avail_out == 0 && !state_->member_ended));
  return Outcome::ok;
}

bool GzipReader::complete() const { return !state_->started || state_->member_ended; }

}  // namespace exporter::net
