#include "net/link_header.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace exporter::net {

namespace {

// Okta sends two links, ServiceNow four. More than this is no pagination.
constexpr std::size_t kMaxLinks = 64;
// Servers answer 414 well below this (cpp-httplib's at 8,192 bytes); a cursor as long as that is broken.
constexpr std::size_t kMaxTarget = 8'192;

struct Link {
  std::string_view target;
  std::string rel;        // of the first rel parameter, later ones don't count (RFC 8288, 3.3)
  bool anchored = false;  // the link starts at another page than the one we hold
};

// Reads link-values off the front of a field. Each step is linear and consumes what it read.
class LinkParser {
 public:
  explicit LinkParser(std::string_view field) : rest_(field) {}

  // Skips the white space and commas between links (RFC 9110 allows empty list elements); true at the end.
  bool at_end() {
    while (!rest_.empty() && (is_space(rest_.front()) || rest_.front() == ',')) {
      rest_.remove_prefix(1);
    }
    return rest_.empty();
  }

  std::optional<Link> read() {
    if (!take('<')) {
      return std::nullopt;
    }
    const std::size_t close = rest_.find('>');
    if (close > kMaxTarget) {  // npos is, too
      return std::nullopt;
    }
    Link link{.target = trim(rest_.substr(0, close)), .rel = {}};
    rest_.remove_prefix(close + 1);
    bool rel_seen = false;
    for (skip_space(); take(';'); skip_space()) {
      skip_space();
      const std::string_view name = read_token();
      skip_space();
      std::string value;
      if (take('=')) {
        skip_space();
        std::optional<std::string> read = read_value();
        if (!read) {
          return std::nullopt;
        }
        value = std::move(*read);
      }
      if (equals_ignore_case(name, "rel") && !rel_seen) {
        rel_seen = true;
        link.rel = std::move(value);
      } else if (equals_ignore_case(name, "anchor")) {
        link.anchored = true;
      }
    }
    if (!rest_.empty() && rest_.front() != ',') {
      return std::nullopt;
    }
    return link;
  }

 private:
  static bool is_space(char c) { return c == ' ' || c == '\t'; }

  void skip_space() {
    while (!rest_.empty() && is_space(rest_.front())) {
      rest_.remove_prefix(1);
    }
  }

  bool take(char c) {
    if (!rest_.starts_with(c)) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view read_token() {
    const std::size_t end = std::min(rest_.find_first_of(" \t;,=\""), rest_.size());
    const std::string_view token = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return token;
  }

  std::optional<std::string> read_value() {
    if (!take('"')) {
      return std::string(read_token());
    }
    std::string value;
    while (!rest_.empty()) {
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') {
        return value;
      }
      if (c == '\\' && !rest_.empty()) {
        c = rest_.front();
        rest_.remove_prefix(1);
      }
      value += c;
    }
    return std::nullopt;
  }

  std::string_view rest_;
};

bool has_relation(std::string_view rel, std::string_view wanted) {
  for (const std::string_view relation : split(rel, ' ')) {
    if (equals_ignore_case(trim(relation), wanted)) {
      return true;
    }
  }
  return false;
}

// RFC 3986, 5.2, for the forms that appear in practice; dot segments are left to the HTTP client.
std::string resolve(std::string_view reference, const Url& base) {
  if (reference.starts_with("//")) {
    return base.scheme + ":" + std::string(reference);
  }
  if (reference.starts_with('/')) {
    return base.origin() + std::string(reference);
  }
  const std::size_t delimiter = reference.find_first_of(":/?#");
  if (delimiter != std::string_view::npos && reference[delimiter] == ':') {
    return std::string(reference);
  }
  const std::string_view path = std::string_view(base.target).substr(0, base.target.find('?'));
  if (reference.starts_with('?')) {
    return base.origin() + std::string(path) + std::string(reference);
  }
  return base.origin() + std::string(path.substr(0, path.rfind('/') + 1)) + std::string(reference);
}

Error malformed(const Url& origin, std::string_view what) {
  return {
      .error_class = ErrorClass::malformed,
      .message = origin.authority() + " sent a Link header that " + std::string(what) +
                 "; without the next page the listing is incomplete. A proxy that rewrites headers or host "
                 "names is the usual cause"};
}

}  // namespace

Result<std::optional<std::string>> next_link(const HttpHeaders& headers, const Url& origin) {
  std::size_t links = 0;
  for (const std::string_view field : headers.all("Link")) {
    LinkParser parser(field);
    while (!parser.at_end()) {
      // A field that can't be read is an error and not "no next link": that would end a listing early, and a
      // short listing looks exactly like drift.
      const std::optional<Link> link = parser.read();
      if (!link || ++links > kMaxLinks) {
        return std::unexpected(malformed(origin, "can't be read"));
      }
      if (link->anchored || !has_relation(link->rel, "next")) {
        continue;
      }
      const std::optional<Url> url = parse_url(resolve(link->target, origin));
      if (!url) {
        return std::unexpected(malformed(origin, "holds no http(s) URL for the next page"));
      }
      if (!url->same_origin(origin)) {
        return std::unexpected(malformed(origin, "leads to another origin, where credentials must not go"));
      }
      return url->origin() + url->target;
    }
  }
  return std::nullopt;
}

}  // namespace exporter::net
