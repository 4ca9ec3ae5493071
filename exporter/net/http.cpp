#include "net/http.h"

#include "base/text.h"

namespace exporter::net {

std::optional<std::string_view> HttpHeaders::first(std::string_view name) const {
  for (const HttpHeader& field : fields_) {
    if (equals_ignore_case(field.name, name)) {
      return field.value;
    }
  }
  return std::nullopt;
}

std::vector<std::string_view> HttpHeaders::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const HttpHeader& field : fields_) {
    if (equals_ignore_case(field.name, name)) {
      values.push_back(field.value);
    }
  }
  return values;
}

}  // namespace exporter::net
