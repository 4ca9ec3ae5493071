#include "storage/pauses_file.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/clock.h"

namespace exporter::storage {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxFile = std::size_t{1024} * 1024;
constexpr const char* kName = "pauses.json";

std::unexpected<Error> failed(const std::string& what) {
  return std::unexpected(Error{.error_class = ErrorClass::storage, .message = what});
}

std::string path_in(const std::string& directory) {
  return (std::filesystem::path(directory) / kName).string();
}

std::optional<auth::StoredPause> pause_of(const json& entry) {
  const auto text = [&entry](const char* name) {
    return entry.is_object() && entry.contains(name) && entry[name].is_string()
               ? entry[name].get<std::string>()
               : std::string();
  };
  const std::optional<SystemTime> until = parse_iso8601(text("until"));
  if (!until || text("id").empty() || text("fingerprint").empty()) {
    return std::nullopt;
  }
  return auth::StoredPause{
      .id = text("id"),
      .pause = {.account = text("account"), .until = *until, .fingerprint = text("fingerprint")}};
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ::ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace

Result<std::vector<auth::StoredPause>> read_pauses(const std::string& directory) {
  const std::string path = path_in(directory);
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return std::vector<auth::StoredPause>();
  }
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const json list = file && text.size() <= kMaxFile ? json::parse(text, nullptr, false) : json();
  if (!list.is_array()) {
    return failed("cannot read " + path +
                  "; which accounts are to be left alone is not known. Check that the exporter's user may "
                  "read it, or remove it");
  }
  std::vector<auth::StoredPause> pauses;
  for (const json& entry : list) {
    if (std::optional<auth::StoredPause> pause = pause_of(entry)) pauses.push_back(std::move(*pause));
  }
  return pauses;
}

Result<void> write_pauses(const std::string& directory, const std::vector<auth::StoredPause>& pauses) {
  json list = json::array();
  for (const auth::StoredPause& stored : pauses) {
    list.push_back({{"id", stored.id},
                    {"account", stored.pause.account},
                    {"until", to_iso8601(stored.pause.until)},
                    {"fingerprint", stored.pause.fingerprint}});
  }
  const std::string path = path_in(directory);
  const std::string temporary = path + ".new";
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool written = fd >= 0 && write_all(fd, list.dump(1) + "\n") && ::fsync(fd) == 0;
  const bool closed = fd < 0 || ::close(fd) == 0;
  if (!written || !closed || ::rename(temporary.c_str(), path.c_str()) != 0) {
    const std::string why = std::generic_category().message(errno);
    ::unlink(temporary.c_str());
    return failed("cannot write " + path + ": " + why +
                  "; a restart would try a refused account again. Check the directory and its disk");
  }
  return {};
}

}  // namespace exporter::storage
