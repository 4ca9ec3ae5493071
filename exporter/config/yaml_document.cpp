#include "config/yaml_document.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include <yaml-cpp/eventhandler.h>

namespace exporter::config {
namespace {

constexpr std::size_t kMaxFileBytes = 4U << 20;
constexpr int kMaxDocuments = 64;

// Lets a document pass by.
class Ignore final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
  }
  void OnMapEnd() override {}
};

// yaml-cpp takes a token that no document can begin with, such as a comma, for an empty document and does not
// move on: LoadAll() would not come back. Throws what the parser throws.
bool ends(const std::string& yaml) {
  std::istringstream stream(yaml);
  YAML::Parser parser(stream);
  Ignore ignore;
  for (int documents = 0; documents < kMaxDocuments; ++documents) {
    if (!parser.HandleNextDocument(ignore)) return true;
  }
  return false;
}

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
    const std::string text(yaml);
    if (!ends(text)) {
      return whole_file_error(context.file(),
                              "is not valid YAML: a sign such as a comma stands where no value can begin");
    }
    documents = YAML::LoadAll(text);
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
