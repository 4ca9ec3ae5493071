// The head of an answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include "web/server.h"

namespace exporter::web {

// No script, no frame, nothing from elsewhere; styles from /style.css only.
inline constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'";

// "Not Found"; a status that is not ours has no words.
std::string_view reason_phrase(int status);

// "Tue, 16 Apr 2024 17:16:22 GMT" (RFC 9110, 5.6.7).
std::string http_date(std::time_t time);

// Whether content type and extra headers can be written into a head as they are.
bool has_safe_headers(const WebResponse& response);

struct HeadFacts {
  std::size_t content_length = 0;
  bool gzip = false;
  bool keep_alive = true;
  std::string_view date = {};
};

// Up to and with the empty line. `response` must have safe headers.
std::string make_response_head(const WebResponse& response, const HeadFacts& facts);

// "404 Not Found" as text, for every answer that no handler gave.
WebResponse error_response(int status);

}  // namespace exporter::web
