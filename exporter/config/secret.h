// Secrets: given as a value, a file or an environment variable; read when needed, never logged, exported or
// shown.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "base/mutex.h"

namespace exporter::config {

struct SecretRef {
  enum class Source : std::uint8_t { none, value, file, env };
  Source source = Source::none;
  std::string text;  // the secret itself, a path, or a variable's name

  bool set() const { return source != Source::none; }
  friend bool operator==(const SecretRef&, const SecretRef&) = default;
};

// Thread-safe.
class SecretSource {
 public:
  virtual ~SecretSource() = default;
  // The secret without trailing line ends. A file is read again when it changed. Errors: class
  // authentication, naming the file or variable, never its content. An empty secret is an error.
  virtual Result<std::string> read(const SecretRef& ref) = 0;
};

// From the file system and the environment.
class SystemSecretSource final : public SecretSource {
 public:
  Result<std::string> read(const SecretRef& ref) override;
};

}  // namespace exporter::config
