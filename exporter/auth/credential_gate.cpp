#include "auth/credential_gate.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include <openssl/evp.h>
#include <openssl/rand.h>

namespace exporter::auth {

namespace {

constexpr std::size_t kSaltBytes = 16;
constexpr char kSeparator = ':';

std::string to_hex(const unsigned char* bytes, std::size_t size) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * size);
  for (std::size_t i = 0; i < size; ++i) {
    text += kDigits[bytes[i] >> 4U];
    text += kDigits[bytes[i] & 0x0fU];
  }
  return text;
}

std::string make_salt() {
  std::array<unsigned char, kSaltBytes> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    throw std::runtime_error("OpenSSL has no random bytes");
  }
  return to_hex(bytes.data(), bytes.size());
}

std::string fingerprint_of(std::string_view salt, std::string_view credential) {
  std::string salted(salt);
  salted += kSeparator;
  salted += credential;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(salted.data(), salted.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL has no SHA-256");
  }
  return std::string(salt) + kSeparator + to_hex(digest.data(), size);
}

// `fingerprint` brings its own salt: it may be an earlier process's.
bool matches(std::string_view fingerprint, std::string_view credential) {
  return fingerprint == fingerprint_of(fingerprint.substr(0, fingerprint.find(kSeparator)), credential);
}

}  // namespace

CredentialGate::CredentialGate(std::string account, const Clock& clock, std::function<void()> changed)
    : account_(std::move(account)), clock_(clock), changed_(std::move(changed)), salt_(make_salt()) {}

std::string CredentialGate::fingerprint(std::string_view credential) const {
  return fingerprint_of(salt_, credential);
}

void CredentialGate::pause_for(SteadyTime::duration duration) {
  pause_->until = clock_.now() + std::chrono::duration_cast<SystemTime::duration>(duration);
  pause_ends_ = clock_.steady_now() + duration;
}

Result<void> CredentialGate::admit(std::string_view credential) {
  std::string mark = fingerprint(credential);
  const MutexLock lock(mutex_);
  if (pause_ && matches(pause_->fingerprint, credential)) {
    if (const auto left = pause_ends_ - clock_.steady_now(); left > SteadyTime::duration(0)) {
      pause_for(left);  // the time of day may have been set since
      return std::unexpected(
          Error{.error_class = ErrorClass::authentication,
                .message = account_ + " is paused until " + to_iso8601(pause_->until) +
                           " because the API answered 401 to its current secret, and more failures "
                           "could lock the account; change the secret or wait"});
    }
    // Samplers that waited together must not all try at once.
    pause_for(kTrial);
  }
  admitted_ = std::move(mark);
  return {};
}

void CredentialGate::rejected(std::string_view credential) {
  const std::string mark = fingerprint(credential);
  {
    const MutexLock lock(mutex_);
    if (mark != admitted_) {
      return;
    }
    pause_ = CredentialPause{.account = account_, .until = {}, .fingerprint = mark};
    pause_for(kPause);
    valid_ = false;
  }
  if (changed_) {
    changed_();
  }
}

void CredentialGate::accepted(std::string_view credential) {
  const std::string mark = fingerprint(credential);
  bool was_paused = false;
  {
    const MutexLock lock(mutex_);
    if (mark != admitted_) {
      return;
    }
    was_paused = pause_.has_value();
    pause_.reset();
    valid_ = true;
  }
  if (was_paused && changed_) {
    changed_();
  }
}

std::optional<SystemTime> CredentialGate::paused_until() const {
  const MutexLock lock(mutex_);
  const auto left = pause_ends_ - clock_.steady_now();
  if (!pause_ || left <= SteadyTime::duration(0)) {
    return std::nullopt;
  }
  return clock_.now() + std::chrono::duration_cast<SystemTime::duration>(left);
}

std::optional<bool> CredentialGate::valid() const {
  const MutexLock lock(mutex_);
  return valid_;
}

std::optional<CredentialPause> CredentialGate::pause() const {
  const MutexLock lock(mutex_);
  return pause_;
}

void CredentialGate::restore(const CredentialPause& pause) {
  if (pause.account != account_) {
    return;
  }
  const MutexLock lock(mutex_);
  pause_ = pause;
  pause_for(std::min<SystemTime::duration>(pause.until - clock_.now(), kPause));
  valid_ = false;
}

}  // namespace exporter::auth
