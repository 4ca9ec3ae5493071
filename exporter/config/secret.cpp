#include "config/secret.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace exporter::config {
namespace {

constexpr std::size_t kMaxSecretBytes = std::size_t{64} * 1024;

std::unexpected<Error> failure(std::string message) {
  return std::unexpected(Error{.error_class = ErrorClass::authentication, .message = std::move(message)});
}

std::string reason(int error) { return std::generic_category().message(error); }

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  FileDescriptor(FileDescriptor&&) = delete;
  FileDescriptor& operator=(FileDescriptor&&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

// Read anew on each call: the file is small, and a change is seen without trusting its timestamp (Kubernetes
// swaps a symbolic link, and two writes can fall into one tick).
Result<std::string> read_secret_file(const std::string& path) {
  // O_NONBLOCK: opening a FIFO must not hang a sampler.
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) {
    return failure("cannot read the secret file " + path + ": " + reason(errno) +
                   "; check the path and that the exporter's user may read it");
  }
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) {
    return failure("cannot read the secret file " + path + ": " + reason(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    return failure("the secret file " + path +
                   " is not a regular file; name a file that holds only the secret");
  }
  // A byte more than it has, to see its end; a file that grows meanwhile gets more.
  const auto size = static_cast<std::size_t>(std::max<::off_t>(status.st_size, 0));
  std::string content(std::min(size, kMaxSecretBytes) + 1, '\0');
  std::size_t length = 0;
  while (length <= kMaxSecretBytes) {
    if (length == content.size()) content.resize(kMaxSecretBytes + 1);
    const ::ssize_t count = ::read(file.get(), content.data() + length, content.size() - length);
    if (count < 0) {
      if (errno == EINTR) continue;
      return failure("cannot read the secret file " + path + ": " + reason(errno));
    }
    if (count == 0) break;
    length += static_cast<std::size_t>(count);
  }
  if (length > kMaxSecretBytes) {
    return failure("the secret file " + path +
                   " is larger than 64 KiB; name a file that holds only the secret");
  }
  content.resize(length);
  return content;
}

void trim_line_ends(std::string& text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
}

}  // namespace

Result<std::string> SystemSecretSource::read(const SecretRef& ref) {
  std::string secret;
  switch (ref.source) {
    case SecretRef::Source::none:
      return failure("no secret is configured");
    case SecretRef::Source::value:
      secret = ref.text;
      trim_line_ends(secret);
      if (secret.empty()) return failure("the secret in the configuration is empty");
      return secret;
    case SecretRef::Source::file: {
      Result<std::string> content = read_secret_file(ref.text);
      if (!content) return content;
      secret = std::move(*content);
      trim_line_ends(secret);
      if (secret.empty()) return failure("the secret file " + ref.text + " is empty");
      return secret;
    }
    case SecretRef::Source::env: {
      // Safe beside other readers; nothing in the exporter changes the environment.
      const char* value = std::getenv(ref.text.c_str());  // NOLINT(concurrency-mt-unsafe)
      if (value == nullptr) {
        return failure("the environment variable " + ref.text + " is not set; set it to the secret");
      }
      secret = value;
      trim_line_ends(secret);
      if (secret.empty()) return failure("the environment variable " + ref.text + " is empty");
      return secret;
    }
  }
  return failure("no secret is configured");
}

}  // namespace exporter::config
