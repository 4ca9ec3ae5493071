#include "web/response_head.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "web/request_head.h"

namespace exporter::web {
namespace {

bool is_safe_value(std::string_view value) {
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0x7f || (byte < 0x20 && c != '\t')) return false;
  }
  return true;
}

void append_header(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";
  }
}

std::string http_date(std::time_t time) {
  // Not strftime: its names of days and months are the locale's.
  static constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  ::gmtime_r(&time, &utc);
  const auto two = [](int number) {
    return std::string{static_cast<char>('0' + number / 10), static_cast<char>('0' + number % 10)};
  };
  std::string text(kDays[static_cast<std::size_t>(utc.tm_wday)]);
  text.append(", ").append(two(utc.tm_mday)).append(" ");
  text.append(kMonths[static_cast<std::size_t>(utc.tm_mon)]).append(" ");
  text.append(std::to_string(utc.tm_year + 1900)).append(" ");
  text.append(two(utc.tm_hour)).append(":").append(two(utc.tm_min)).append(":").append(two(utc.tm_sec));
  return text.append(" GMT");
}

bool has_safe_headers(const WebResponse& response) {
  if (!is_safe_value(response.content_type)) return false;
  for (const auto& [name, value] : response.headers) {
    if (!is_token(name) || !is_safe_value(value)) return false;
  }
  return true;
}

std::string make_response_head(const WebResponse& response, const HeadFacts& facts) {
  std::string head;
  head.reserve(512);
  head.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  head.append(reason_phrase(response.status)).append("\r\n");
  append_header(head, "Date", facts.date);
  if (response.status != 204 && response.status != 304) {
    append_header(head, "Content-Type", response.content_type);
    append_header(head, "Content-Length", std::to_string(facts.content_length));
  }
  if (facts.gzip) append_header(head, "Content-Encoding", "gzip");
  append_header(head, "Vary", "Accept-Encoding");
  const auto is_set = [&](std::string_view header) {
    return std::ranges::any_of(response.headers, [&](const auto& set) { return set.first == header; });
  };
  if (!is_set("X-Content-Type-Options")) append_header(head, "X-Content-Type-Options", "nosniff");
  if (response.content_type.starts_with("text/html")) {
    if (!is_set("Content-Security-Policy")) {
      append_header(head, "Content-Security-Policy", kContentSecurityPolicy);
    }
    append_header(head, "Referrer-Policy", "no-referrer");
  }
  for (const auto& [name, value] : response.headers) append_header(head, name, value);
  // Named both ways: an HTTP/1.0 client does not keep a connection alive without it.
  append_header(head, "Connection", facts.keep_alive ? "keep-alive" : "close");
  return head.append("\r\n");
}

WebResponse text_response(int status, std::string text) {
  return {.status = status, .body = std::make_shared<const std::string>(std::move(text))};
}

WebResponse error_response(int status) {
  std::string text = std::to_string(status);
  if (const std::string_view reason = reason_phrase(status); !reason.empty()) text.append(" ").append(reason);
  return text_response(status, std::move(text.append("\n")));
}

}  // namespace exporter::web
