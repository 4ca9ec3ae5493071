// What is known of accounts and must survive a reload: which of them are left alone after a 401, and their
// tokens.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "auth/credential_gate.h"
#include "auth/token_session.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace exporter::auth {

struct StoredPause {
  std::string id;  // of the account, by AccountBook; names nobody
  CredentialPause pause;
  friend bool operator==(const StoredPause&, const StoredPause&) = default;
};

// Thread-safe. What it gives is valid as long as it is. Two integrations that sign in as the same account
// with the same secret have one gate and one token between them: else each would fail once for itself, and
// five of them lock the account.
class AccountBook {
 public:
  using Store = std::function<void(const std::vector<StoredPause>&)>;

  // `pauses` of earlier processes are kept until their account turns up; `store` is called with all of them
  // whenever they change, by one thread at a time.
  AccountBook(const Clock& clock, std::vector<StoredPause> pauses, Store store);

  // `key` tells the account, and where its secret comes from, apart from all others; it holds no secret.
  // `label` appears in messages.
  CredentialGate& gate(const std::string& key, const std::string& label);
  TokenSession& session(const std::string& key);

  std::vector<StoredPause> pauses() const;

 private:
  void changed();

  const Clock& clock_;
  const Store store_;
  mutable Mutex mutex_;
  std::map<std::string, std::unique_ptr<CredentialGate>> gates_ GUARDED_BY(mutex_);  // by id
  std::map<std::string, std::unique_ptr<TokenSession>> sessions_ GUARDED_BY(mutex_);
  std::map<std::string, CredentialPause> unclaimed_ GUARDED_BY(mutex_);
  Mutex store_mutex_;
};

}  // namespace exporter::auth
