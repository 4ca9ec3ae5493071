#include "web/negotiation.h"

#include <charconv>
#include <optional>

#include "base/text.h"

namespace exporter::web {
namespace {

// In thousandths; a weight that can't be read forbids the coding rather than guess.
int parse_weight(std::string_view parameters) {
  for (const std::string_view part : split(parameters, ';')) {
    const std::string_view parameter = trim(part);
    if (parameter.size() < 2 || (parameter[0] != 'q' && parameter[0] != 'Q') || parameter[1] != '=') continue;
    const std::string_view number = parameter.substr(2);
    // 0, 1, or either with up to three decimals.
    if (number.empty() || number.size() > 5 || (number[0] != '0' && number[0] != '1')) return 0;
    int weight = (number[0] - '0') * 1000;
    if (number.size() == 1) return weight;
    if (number[1] != '.') return 0;
    int scale = 100;
    for (const char digit : number.substr(2)) {
      if (digit < '0' || digit > '9') return 0;
      weight += (digit - '0') * scale;
      scale /= 10;
    }
    return weight > 1000 ? 0 : weight;
  }
  return 1000;
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  std::optional<int> gzip;
  std::optional<int> any;
  std::optional<int> identity;
  for (const std::string_view element : split(accept_encoding, ',')) {
    const auto semicolon = element.find(';');
    const std::string_view coding = trim(element.substr(0, semicolon));
    if (coding.empty()) continue;
    const int weight =
        semicolon == std::string_view::npos ? 1000 : parse_weight(element.substr(semicolon + 1));
    if (equals_ignore_case(coding, "gzip") || equals_ignore_case(coding, "x-gzip")) {
      gzip = weight;
    } else if (coding == "*") {
      any = weight;
    } else if (equals_ignore_case(coding, "identity")) {
      identity = weight;
    }
  }
  const int welcome = gzip.value_or(any.value_or(0));
  return welcome > 0 && welcome >= identity.value_or(0);
}

}  // namespace exporter::web
