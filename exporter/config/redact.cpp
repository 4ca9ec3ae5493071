#include "config/redact.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "config/load.h"

namespace exporter::config {
namespace {

constexpr const char* kSecret = "<secret>";
constexpr int kMaxDepth = 64;

// The paths of all secrets, with [] and * as known_key_paths() writes them. Found by their siblings, so that
// a key which becomes a secret is hidden without being listed here.
const std::set<std::string, std::less<>>& secret_paths() {
  static const std::set<std::string, std::less<>> kPaths = [] {
    const std::vector<std::string> known = known_key_paths();
    std::set<std::string, std::less<>> paths;
    for (const std::string& path : known) {
      if (std::ranges::binary_search(known, path + "_env") || path.ends_with(".secrets")) paths.insert(path);
    }
    return paths;
  }();
  return kPaths;
}

// "http://user:password@proxy:3128" without what stands before the @.
std::string without_userinfo(const std::string& text) {
  const auto scheme = text.find("://");
  const auto at = text.rfind('@');
  if (scheme == std::string::npos || at == std::string::npos || at < scheme) return text;
  return text.substr(0, scheme + 3) + kSecret + text.substr(at);
}

// Under a mapping whose keys the user chose, the path says *.
std::string child_path(const std::string& parent, const std::string& key) {
  for (const std::string_view chosen : {".http_headers", ".proxy_connect_header"}) {
    if (parent.ends_with(chosen)) return parent + ".*";
  }
  return parent.empty() ? key : parent + "." + key;
}

YAML::Node redacted(const YAML::Node& node, const std::string& path, int depth) {
  if (depth > kMaxDepth) return YAML::Node("…");
  // What is sent with CONNECT is Proxy-Authorization as a rule.
  if (secret_paths().contains(path) || path.ends_with(".proxy_connect_header.*")) return YAML::Node(kSecret);
  if (node.IsMap()) {
    YAML::Node map(YAML::NodeType::Map);
    for (const auto& pair : node) {
      const std::string& key = pair.first.Scalar();
      // Merged mappings are shown where they are merged.
      if (key == "<<" && pair.second.IsMap()) {
        const YAML::Node merged = redacted(pair.second, path, depth + 1);
        for (const auto& entry : merged) {
          if (!map[entry.first.Scalar()]) map[entry.first.Scalar()] = entry.second;
        }
        continue;
      }
      map[key] = key == "<<" ? YAML::Node("…") : redacted(pair.second, child_path(path, key), depth + 1);
    }
    return map;
  }
  if (node.IsSequence()) {
    YAML::Node list(YAML::NodeType::Sequence);
    for (const YAML::Node& item : node) list.push_back(redacted(item, path + "[]", depth + 1));
    return list;
  }
  if (node.IsScalar()) return YAML::Node(without_userinfo(node.Scalar()));
  return YAML::Node(YAML::NodeType::Null);
}

}  // namespace

std::string redacted_yaml(const YAML::Node& document) {
  YAML::Emitter out;
  out.SetIndent(2);
  out << redacted(document, {}, 0);
  return std::string(out.c_str()) + "\n";
}

}  // namespace exporter::config
