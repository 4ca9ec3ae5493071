// A SecretSource without files and environment.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "base/error.h"
#include "config/secret.h"

namespace exporter::fakes {

// Thread-safe. A reference by value gives its own text; a file or variable gives what set() stored under its
// name, and an error of class authentication when there is nothing.
class FakeSecrets final : public config::SecretSource {
 public:
  // Also rotates: the next read gives the new one.
  void set(const std::string& name, std::string secret) {
    const std::lock_guard lock(mutex_);
    secrets_[name] = std::move(secret);
  }

  void remove(const std::string& name) {
    const std::lock_guard lock(mutex_);
    secrets_.erase(name);
  }

  Result<std::string> read(const config::SecretRef& ref) override {
    if (ref.source == config::SecretRef::Source::value) {
      return ref.text;
    }
    const std::lock_guard lock(mutex_);
    if (const auto found = secrets_.find(ref.text); found != secrets_.end()) {
      return found->second;
    }
    return std::unexpected(
        Error{.error_class = ErrorClass::authentication, .message = "there is no secret " + ref.text});
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> secrets_;  // guarded by mutex_
};

inline config::SecretRef secret_value(std::string text) {
  return {.source = config::SecretRef::Source::value, .text = std::move(text)};
}

inline config::SecretRef secret_file(std::string path) {
  return {.source = config::SecretRef::Source::file, .text = std::move(path)};
}

}  // namespace exporter::fakes
