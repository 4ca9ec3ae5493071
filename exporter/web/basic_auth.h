// Basic authentication against bcrypt hashes, as exporter-toolkit does it.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <unordered_set>

namespace exporter::web {

struct Credentials {
  std::string user;
  std::string password;
};

// Out of an Authorization field (RFC 7617); nullopt: another scheme, or not well formed.
std::optional<Credentials> parse_basic(std::string_view authorization);

// Some 50 ms at a cost of 10: not for the loop. Thread-safe.
bool matches_bcrypt(const std::string& password, const std::string& hash);

using Users = std::map<std::string, std::string, std::less<>>;

// One password to be hashed.
struct PasswordCheck {
  std::string memo;  // under which the verdict is kept
  std::string password;
  std::string hash;
  bool known_user = false;
  // Not for the loop. For an unknown user the same work is done, and the answer is no: how long it takes must
  // not tell who exists.
  bool run() const;
};

// What was found out about passwords. Keeps digests, no passwords. Not thread-safe.
class PasswordMemo {
 public:
  struct Verdict {
    std::optional<bool> granted;         // nullopt: `check` has to be run
    std::optional<PasswordCheck> check;  // then to be reported by remember()
  };
  // A changed hash or a removed user is another question, so that what was found out before does not count.
  Verdict look_up(const Credentials& credentials, const Users& users) const;
  void remember(const PasswordCheck& check, bool granted);

 private:
  // Apart, so that no flood of wrong passwords drives out the right ones.
  static constexpr std::size_t kMaxKept = 100;
  using Kept = std::unordered_set<std::string>;
  Kept granted_;
  Kept refused_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace exporter::web
