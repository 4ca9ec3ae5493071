#include "storage/state_file.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace exporter::storage {

namespace {

constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kFileMode = 0600;
constexpr std::string_view kLogs[] = {"-wal", "-journal"};
// SQLite locks bytes of this range (PENDING_BYTE of its os.h), far behind most files' end.
constexpr std::uint64_t kFirstLockByte = 0x40000000;
constexpr std::uint64_t kLastLockByte = kFirstLockByte + 512;

std::unexpected<Error> failed(const std::string& what, const std::string& path,
                              std::string_view advice = "") {
  std::string message = what + " " + path + ": " + std::generic_category().message(errno);
  message += advice;
  return std::unexpected(Error{.error_class = ErrorClass::storage, .message = std::move(message)});
}

Result<void> make_directory(const std::filesystem::path& directory) {
  std::error_code ignored;
  if (directory.empty() || std::filesystem::is_directory(directory, ignored)) {
    return {};
  }
  if (auto made = make_directory(directory.parent_path()); !made) {
    return made;
  }
  if (mkdir(directory.c_str(), kDirectoryMode) != 0 && errno != EEXIST) {
    return failed("cannot make the state's directory", directory.string(),
                  "; --storage.path must be a directory that the exporter's user may write");
  }
  return {};
}

void sync_directory(const std::string& directory) {
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) {
    fsync(fd);
    close(fd);
  }
}

}  // namespace

Result<std::string> prepare_state_file(const std::string& directory) {
  // A trailing slash would make the last component empty.
  const std::filesystem::path path = std::filesystem::path(directory + "/").lexically_normal().parent_path();
  if (auto made = make_directory(path); !made) {
    return std::unexpected(std::move(made.error()));
  }
  std::string file = (path / "state.db").string();
  // SQLite would make it with 0644, and its logs with the mode of the file. An existing file is not opened
  // (lock_holder).
  const int fd = open(file.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, kFileMode);
  if (fd >= 0) {
    close(fd);
    sync_directory(path.string());
    return file;
  }
  if (errno != EEXIST) {
    return failed("cannot make the state", file,
                  "; --storage.path must be a directory that the exporter's user may write");
  }
  struct stat status{};
  if (stat(file.c_str(), &status) != 0) {
    return failed("cannot read the state", file);
  }
  // Kubernetes adds the group's bits to every file of a volume with fsGroup. Of a file that is not ours we
  // leave them.
  if ((status.st_mode & 0777) != kFileMode && status.st_uid == geteuid()) {
    chmod(file.c_str(), kFileMode);
  }
  return file;
}

std::string lock_holder(const std::string& file) {
  struct stat status{};
  std::ifstream locks("/proc/locks");
  if (stat(file.c_str(), &status) != 0 || !locks) {
    return "another process";
  }
  // "3: POSIX  ADVISORY  WRITE 1234 fe:01:262234 1073741826 1073742335"
  for (std::string line; std::getline(locks, line);) {
    std::istringstream fields(line);
    std::string number;
    std::string type;
    std::string strictness;
    std::string mode;
    std::string inode;
    std::int64_t pid = 0;
    std::uint64_t first = 0;
    if (!(fields >> number >> type >> strictness >> mode >> pid >> inode >> first)) {
      continue;
    }
    // The device is not compared: overlay file systems show another one to stat than to the lock table.
    const bool same_file = inode.ends_with(":" + std::to_string(status.st_ino));
    if (same_file && first >= kFirstLockByte && first <= kLastLockByte && pid > 0) {
      return pid == getpid() ? "this process" : "process " + std::to_string(pid);
    }
  }
  return "another process";
}

Result<std::string> move_aside(const std::string& file, std::string_view why, SystemTime now) {
  std::string stamp = to_iso8601(now);
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':' || c == '.'; });
  std::string aside = file;
  aside += "." + std::string(why) + "-" + stamp;
  if (std::rename(file.c_str(), aside.c_str()) != 0) {
    return failed("cannot move the state aside", file);
  }
  for (const std::string_view log : kLogs) {
    const std::string from = file + std::string(log);
    if (std::rename(from.c_str(), (aside + std::string(log)).c_str()) != 0 && errno != ENOENT) {
      return failed("cannot move the state aside", from);
    }
  }
  return aside;
}

std::uint64_t state_size_bytes(const std::string& file) {
  std::uint64_t total = 0;
  for (const std::string_view suffix : {std::string_view(""), kLogs[0]}) {
    struct stat status{};
    if (stat((file + std::string(suffix)).c_str(), &status) == 0) {
      total += static_cast<std::uint64_t>(status.st_size);
    }
  }
  return total;
}

}  // namespace exporter::storage
