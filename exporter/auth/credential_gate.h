// Keeps an account from being locked: ServiceNow locks one after a few failed logins, and a locked
// provisioner stops the provisioning itself. After a 401 the account is not tried again until its secret
// changes or an hour has passed.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/mutex.h"

namespace exporter::auth {

// What storage keeps of a pause, so that a restart and the other commands honour it.
struct CredentialPause {
  std::string account;
  SystemTime until;
  // "<salt>:<SHA-256 of salt and credential>", both in hexadecimal. Salted, yet a weak password can be
  // guessed from it: keep it in files of mode 0600 only.
  std::string fingerprint;
  friend bool operator==(const CredentialPause&, const CredentialPause&) = default;
};

// One per account, shared by all that sign as it. Thread-safe. A credential is any text that changes with the
// account's secret; only its fingerprint is kept.
class CredentialGate {
 public:
  static constexpr std::chrono::minutes kPause{60};
  // When the pause is over, one request is let through at a time: this long for its answer to arrive.
  static constexpr std::chrono::minutes kTrial{1};

  // `account` appears in messages: a role such as "servicenow reader", no user's name. `changed` is called
  // whenever pause() gives something else than before, without a lock held.
  CredentialGate(std::string account, const Clock& clock, std::function<void()> changed = {});

  // Before each request. The error (authentication) says until when the account is paused and what to do.
  Result<void> admit(std::string_view credential);
  // The API's answer to a request that was signed with `credential`. Answers to earlier secrets than the one
  // admitted last are old news and change nothing.
  void rejected(std::string_view credential);
  void accepted(std::string_view credential);

  // Absent when not paused. A changed secret ends the pause at the next admit().
  std::optional<SystemTime> paused_until() const;
  // Absent until the API's first answer; false from a 401 until a request succeeds.
  std::optional<bool> valid() const;

  // The pause to be stored: absent once the credentials were accepted. One that is over stays until then, for
  // its fingerprint.
  std::optional<CredentialPause> pause() const;
  // Before the first request. Ignored when it belongs to another account. A time further away than kPause (a
  // clock that was wrong) is brought down to it.
  void restore(const CredentialPause& pause);

 private:
  std::string fingerprint(std::string_view credential) const;
  void pause_for(SteadyTime::duration duration) REQUIRES(mutex_);

  const std::string account_;
  const Clock& clock_;
  const std::function<void()> changed_;
  const std::string salt_;
  mutable Mutex mutex_;
  std::optional<CredentialPause> pause_ GUARDED_BY(mutex_);
  // When it ends. Not by the time of day, which may jump: ServiceNow counts failures, not hours.
  SteadyTime pause_ends_ GUARDED_BY(mutex_);
  std::string admitted_ GUARDED_BY(mutex_);  // fingerprint of the last one
  std::optional<bool> valid_ GUARDED_BY(mutex_);
};

}  // namespace exporter::auth
