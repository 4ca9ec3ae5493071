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

namespace {

std::string_view unquoted(std::string_view value) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
    return value.substr(1, value.size() - 2);
  return value;
}

// The value of a media range's parameter, without quotes; nullopt where it is not there.
std::optional<std::string_view> parameter(std::string_view parameters, std::string_view name) {
  for (const std::string_view part : split(parameters, ';')) {
    const auto equals = part.find('=');
    if (equals == std::string_view::npos || !equals_ignore_case(trim(part.substr(0, equals)), name)) continue;
    return unquoted(trim(part.substr(equals + 1)));
  }
  return std::nullopt;
}

// What we would send for one media range.
std::optional<ExpositionFormat> format_for(std::string_view type, std::string_view parameters) {
  const std::optional<std::string_view> version = parameter(parameters, "version");
  if (equals_ignore_case(type, "application/openmetrics-text")) {
    if (!version || *version == "1.0.0") return ExpositionFormat::openmetrics;
    if (*version == "0.0.1") return ExpositionFormat::openmetrics_draft;
    return std::nullopt;
  }
  if (equals_ignore_case(type, "text/plain")) {
    if (!version || *version == "0.0.4") return ExpositionFormat::text;
    return std::nullopt;
  }
  if (type == "*/*" || equals_ignore_case(type, "text/*")) return ExpositionFormat::text;
  return std::nullopt;
}

}  // namespace

ExpositionFormat exposition_format(std::string_view accept) {
  ExpositionFormat best = ExpositionFormat::text;
  int best_weight = 0;
  for (const std::string_view element : split(accept, ',')) {
    const auto semicolon = element.find(';');
    const std::string_view parameters =
        semicolon == std::string_view::npos ? std::string_view() : element.substr(semicolon + 1);
    const auto format = format_for(trim(element.substr(0, semicolon)), parameters);
    if (!format) continue;
    const int weight = parse_weight(parameters);
    if (weight > best_weight) {
      best = *format;
      best_weight = weight;
    }
  }
  return best;
}

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
