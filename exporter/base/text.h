// Small text helpers that more than one room needs. ASCII only: vendors' identifiers and protocol words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace exporter {

// A letter or a digit.
bool is_alphanumeric(char c);
std::string to_lower(std::string_view text);
std::string_view trim(std::string_view text);
bool equals_ignore_case(std::string_view a, std::string_view b);
// Lower case, runs of white space as one space, trimmed: how vendors' texts are compared.
std::string fold(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);

}  // namespace exporter
