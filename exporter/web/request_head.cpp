#include "web/request_head.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.h"

namespace exporter::web {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

bool is_token_char(char c) {
  return is_alphanumeric(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_visible(char c) { return c > 0x20 && c < 0x7f; }

// Anything but control characters; bytes above 0x7f are opaque text (RFC 9110, 5.5).
bool is_field_char(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return c == '\t' || (byte >= 0x20 && byte != 0x7f);
}

bool has_bare_line_feed(std::string_view text) {
  for (auto at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    if (at == 0 || text[at - 1] != '\r') return true;
  }
  return false;
}

HeadScan refuse(int status) { return {.state = HeadScan::State::refused, .status = status}; }

// "http://host:1/metrics" is "/metrics" (RFC 9112, 3.2.2).
std::string_view origin_form(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() < scheme.size() || !equals_ignore_case(target.substr(0, scheme.size()), scheme))
      continue;
    const auto path = target.find_first_of("/?", scheme.size());
    if (path == std::string_view::npos) return "/";
    return target.substr(path);
  }
  return target;
}

struct RequestLine {
  std::string_view method;
  std::string_view target;
  bool http_1_0 = false;
};

// The status to refuse with, or 0.
int parse_request_line(std::string_view line, RequestLine& out) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return 400;
  out.method = line.substr(0, first);
  out.target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!is_token(out.method) || out.target.empty() || !std::ranges::all_of(out.target, is_visible)) return 400;
  if (version == "HTTP/1.0") {
    out.http_1_0 = true;
  } else if (version != "HTTP/1.1") {
    return version.starts_with("HTTP/") && version.size() == 8 ? 505 : 400;
  }
  return 0;
}

struct Fields {
  std::size_t count = 0;
  std::size_t hosts = 0;
  bool chunked = false;
  bool close = false;
  bool keep_alive = false;
  std::optional<std::string_view> content_length;
};

// The status to refuse with, or 0. Appends the line to `text` where the parser should see it.
int take_field(std::string_view line, Fields& fields, std::string& text) {
  if (line.size() + kLineEnd.size() > kMaxHeaderLineBytes || ++fields.count > kMaxHeaders) return 431;
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return 400;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trim(line.substr(colon + 1));
  // Also refuses a folded line, which begins with white space, and white space before the colon.
  if (!is_token(name) || !std::ranges::all_of(line.substr(colon + 1), is_field_char)) return 400;
  if (equals_ignore_case(name, "content-length")) {
    if (fields.content_length) return 400;
    fields.content_length = value;
    return 0;
  }
  if (equals_ignore_case(name, "transfer-encoding")) {
    fields.chunked = true;
    return 0;
  }
  if (equals_ignore_case(name, "range") || equals_ignore_case(name, "expect")) return 0;
  if (equals_ignore_case(name, "host")) ++fields.hosts;
  if (equals_ignore_case(name, "connection")) {
    for (const std::string_view option : split(value, ',')) {
      if (equals_ignore_case(trim(option), "close")) fields.close = true;
      if (equals_ignore_case(trim(option), "keep-alive")) fields.keep_alive = true;
    }
  }
  text.append(line).append(kLineEnd);
  return 0;
}

}  // namespace

bool is_token(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_token_char); }

HeadScan scan_head(std::string_view input, const HeadLimits& limits) {
  // Old clients send an empty line after a body; RFC 9112, 2.2 asks to skip it.
  std::size_t skipped = 0;
  while (skipped < 2 * kLineEnd.size() && input.substr(skipped).starts_with(kLineEnd))
    skipped += kLineEnd.size();
  const std::string_view rest = input.substr(skipped);
  if (rest.empty() || rest == "\r") return {};
  // Refused at the first byte, and not at the timeout: a TLS handshake on a plain port, and other protocols.
  if (!is_token_char(rest.front())) return refuse(400);

  const auto line_end = rest.find(kLineEnd);
  if (line_end == std::string_view::npos ? rest.size() > kMaxRequestLineBytes
                                         : line_end + kLineEnd.size() > kMaxRequestLineBytes) {
    return refuse(414);
  }
  const auto head_end = rest.find(kHeadEnd);
  if (head_end == std::string_view::npos) {
    if (rest.size() >= limits.max_head_bytes) return refuse(431);
    if (has_bare_line_feed(rest)) return refuse(400);
    return {};
  }
  if (head_end + kHeadEnd.size() > limits.max_head_bytes) return refuse(431);

  RequestLine line;
  if (const int status = parse_request_line(rest.substr(0, line_end), line); status != 0)
    return refuse(status);
  HeadScan scan{.state = HeadScan::State::complete, .consumed = skipped + head_end + kHeadEnd.size()};
  std::string& text = scan.head.text;
  text.reserve(head_end + kHeadEnd.size());
  text.append(line.method).append(" ");
  const std::string_view target = origin_form(line.target);
  if (target.starts_with('?')) text.append("/");
  text.append(target).append(line.http_1_0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");

  Fields fields;
  for (std::size_t at = line_end; at < head_end;) {
    at += kLineEnd.size();
    const auto end = rest.find(kLineEnd, at);
    if (const int status = take_field(rest.substr(at, end - at), fields, text); status != 0)
      return refuse(status);
    at = end;
  }
  text.append(kLineEnd);

  if (fields.hosts > 1 || (fields.hosts == 0 && !line.http_1_0)) return refuse(400);
  if (fields.chunked) return refuse(fields.content_length ? 400 : 411);
  if (fields.content_length) {
    const std::string_view digits = *fields.content_length;
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos)
      return refuse(400);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), scan.head.body_bytes);
    if (error != std::errc{} || scan.head.body_bytes > limits.max_body_bytes) return refuse(413);
  }
  scan.head.keep_alive = !fields.close && (!line.http_1_0 || fields.keep_alive);
  return scan;
}

}  // namespace exporter::web
