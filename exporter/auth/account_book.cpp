#include "auth/account_book.h"

#include <utility>

#include "auth/jose.h"

namespace exporter::auth {

namespace {

std::string id_of(const std::string& key) { return sha256_base64url(key); }

}  // namespace

AccountBook::AccountBook(const Clock& clock, std::vector<StoredPause> pauses, Store store)
    : clock_(clock), store_(std::move(store)) {
  const MutexLock lock(mutex_);
  for (StoredPause& stored : pauses) {
    unclaimed_[stored.id] = std::move(stored.pause);
  }
}

CredentialGate& AccountBook::gate(const std::string& key, const std::string& label) {
  const std::string id = id_of(key);
  const MutexLock lock(mutex_);
  std::unique_ptr<CredentialGate>& gate = gates_[id];
  if (!gate) {
    gate = std::make_unique<CredentialGate>(label, clock_, [this] { changed(); });
    if (auto found = unclaimed_.extract(id); !found.empty()) {
      found.mapped().account = label;
      gate->restore(found.mapped());
    }
  }
  return *gate;
}

TokenSession& AccountBook::session(const std::string& key) {
  const MutexLock lock(mutex_);
  std::unique_ptr<TokenSession>& session = sessions_[key];
  if (!session) {
    session = std::make_unique<TokenSession>(clock_);
  }
  return *session;
}

std::vector<StoredPause> AccountBook::pauses() const {
  std::vector<StoredPause> all;
  const SystemTime now = clock_.now();
  const MutexLock lock(mutex_);
  for (const auto& [id, gate] : gates_) {
    if (std::optional<CredentialPause> pause = gate->pause()) {
      all.push_back({.id = id, .pause = std::move(*pause)});
    }
  }
  for (const auto& [id, pause] : unclaimed_) {
    if (pause.until > now) {
      all.push_back({.id = id, .pause = pause});
    }
  }
  return all;
}

void AccountBook::changed() {
  if (!store_) {
    return;
  }
  const MutexLock lock(store_mutex_);  // so that the last one written is the latest
  store_(pauses());
}

}  // namespace exporter::auth
