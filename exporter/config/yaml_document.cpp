#include "config/yaml_document.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

namespace exporter::config {
namespace {

constexpr std::size_t kMaxFileBytes = 4U << 20;

ConfigErrors one_error(ConfigError error) {
  ConfigErrors errors;
  errors.push_back(std::move(error));
  return errors;
}

}  // namespace

std::unexpected<ConfigErrors> whole_file_error(const std::string& path, std::string message) {
  return std::unexpected(one_error({.file = path, .key_path = {}, .message = std::move(message)}));
}

std::expected<std::string, ConfigErrors> read_whole_file(const std::string& path) {
  std::error_code failure;
  const std::filesystem::file_status status = std::filesystem::status(path, failure);
  if (std::filesystem::is_directory(status)) {
    return whole_file_error(path, "is a directory; name the configuration file");
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text;
  if (file) {
    text.resize(kMaxFileBytes + 1);
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
  }
  if (!file.is_open() || file.bad()) {
    return whole_file_error(path, "cannot be read: " + std::generic_category().message(errno) +
                                      "; check the path and that the exporter's user may read it");
  }
  if (text.size() > kMaxFileBytes) {
    return whole_file_error(path, "is larger than 4 MiB; this is no configuration file");
  }
  return text;
}

std::expected<std::optional<YAML::Node>, ConfigErrors> parse_document(std::string_view yaml,
                                                                      ReadContext& context) {
  std::vector<YAML::Node> documents;
  try {
    documents = YAML::LoadAll(std::string(yaml));
  } catch (const YAML::Exception& exception) {
    // Newer versions of yaml-cpp append the name that was not found, and `password: *abc` makes a password
    // such a name.
    const std::string message = exception.msg.substr(0, exception.msg.find(':'));
    const bool known = !exception.mark.is_null();
    return std::unexpected(one_error({.file = context.file(),
                                      .line = known ? exception.mark.line + 1 : 0,
                                      .column = known ? exception.mark.column + 1 : 0,
                                      .key_path = {},
                                      .message = "is not valid YAML: " + message}));
  }
  std::erase_if(documents, [](const YAML::Node& node) { return node.IsNull(); });
  if (documents.empty()) return std::nullopt;
  if (documents.size() > 1) {
    context.error(documents[1].Mark(), {},
                  "a second YAML document begins here; only one is allowed: remove the ---");
  }
  return documents.front();
}

}  // namespace exporter::config
