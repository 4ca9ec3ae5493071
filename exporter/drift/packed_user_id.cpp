#include "drift/packed_user_id.h"

#include <array>

namespace exporter::drift {
namespace {

constexpr std::size_t kHalf = 10;  // 62 to the power of 10 is less than 2 to the power of 60
// In the order of their bytes.
constexpr std::string_view kLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::uint8_t kNoLetter = 0x80;

constexpr std::array<std::uint8_t, 256> kLetterValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoLetter);
  std::uint8_t value = 0;
  for (const char letter : kLetters) values[static_cast<unsigned char>(letter)] = value++;
  return values;
}();

// `seen` keeps kNoLetter once a character was none.
std::uint64_t pack_half(std::string_view half, std::uint8_t& seen) {
  std::uint64_t packed = 0;
  for (const char c : half) {
    const std::uint8_t value = kLetterValues[static_cast<unsigned char>(c)];
    seen |= value;
    packed = packed * kLetters.size() + (value & 0x3FU);
  }
  return packed;
}

}  // namespace

std::optional<PackedUserId> pack_user_id(std::string_view id) {
  if (id.size() != 2 * kHalf) return std::nullopt;
  std::uint8_t seen = 0;
  const PackedUserId packed{pack_half(id.substr(0, kHalf), seen), pack_half(id.substr(kHalf), seen)};
  if ((seen & kNoLetter) != 0) return std::nullopt;
  return packed;
}

std::string user_id_text(const PackedUserId& id) {
  std::string text(2 * kHalf, '0');
  std::uint64_t high = id.high;
  std::uint64_t low = id.low;
  for (std::size_t i = kHalf; i-- > 0; high /= kLetters.size(), low /= kLetters.size()) {
    text[i] = kLetters[high % kLetters.size()];
    text[kHalf + i] = kLetters[low % kLetters.size()];
  }
  return text;
}

}  // namespace exporter::drift
