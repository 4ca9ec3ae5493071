#include "integration/exposition.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <stdexcept>

namespace integration {

namespace {

[[noreturn]] void fail(const std::string& why, std::string_view line) {
  throw std::runtime_error(why + ": " + std::string(line));
}

double parse_value(std::string_view text, std::string_view line) {
  if (text == "NaN") {
    return std::numeric_limits<double>::quiet_NaN();
  }
  if (text == "+Inf" || text == "-Inf") {
    return text[0] == '+' ? std::numeric_limits<double>::infinity()
                          : -std::numeric_limits<double>::infinity();
  }
  std::size_t end = 0;
  const double value = std::stod(std::string(text), &end);
  if (end != text.size()) {
    fail("not a number", line);
  }
  return value;
}

Labels parse_labels(std::string_view text, std::string_view line) {
  Labels labels;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t equals = text.find("=\"", at);
    if (equals == std::string_view::npos) {
      fail("a label without a quoted value", line);
    }
    const std::string name(text.substr(at, equals - at));
    std::string value;
    std::size_t i = equals + 2;
    for (; i < text.size() && text[i] != '"'; ++i) {
      if (text[i] == '\\' && i + 1 < text.size()) {
        ++i;
        value += text[i] == 'n' ? '\n' : text[i];
      } else {
        value += text[i];
      }
    }
    if (i >= text.size()) {
      fail("a label value without its end", line);
    }
    if (!labels.emplace(name, value).second) {
      fail("a label twice", line);
    }
    at = i + 1;
    if (at < text.size() && text[at] == ',') {
      ++at;
    }
  }
  return labels;
}

bool contains(const Labels& all, const Labels& some) {
  return std::ranges::all_of(some, [&](const auto& label) {
    const auto found = all.find(label.first);
    return found != all.end() && found->second == label.second;
  });
}

}  // namespace

Exposition::Exposition(std::string_view text) {
  std::istringstream lines{std::string(text)};
  std::string line;
  while (std::getline(lines, line)) {
    if (line.empty()) {
      continue;
    }
    if (line.starts_with("# TYPE ")) {
      std::istringstream words(line.substr(7));
      std::string name;
      std::string type;
      words >> name >> type;
      if (!types_.emplace(name, type).second) {
        fail("TYPE twice", line);
      }
      continue;
    }
    if (line.starts_with("#")) {
      continue;
    }
    const std::size_t brace = line.find('{');
    const std::size_t close = brace == std::string::npos ? std::string::npos : line.rfind('}');
    const std::size_t space = line.find(' ', close == std::string::npos ? 0 : close);
    if (space == std::string::npos) {
      fail("a sample without a value", line);
    }
    const std::string name = line.substr(0, brace == std::string::npos ? space : brace);
    const Labels labels =
        brace == std::string::npos
            ? Labels{}
            : parse_labels(std::string_view(line).substr(brace + 1, close - brace - 1), line);
    if (!samples_[name].emplace(labels, parse_value(std::string_view(line).substr(space + 1), line)).second) {
      fail("a series twice", line);
    }
  }
}

bool Exposition::has(const std::string& metric, const Labels& labels) const {
  const auto found = samples_.find(metric);
  return found != samples_.end() && std::ranges::any_of(found->second, [&](const auto& sample) {
           return contains(sample.first, labels);
         });
}

double Exposition::value(const std::string& metric, const Labels& labels) const {
  const auto found = samples_.find(metric);
  if (found != samples_.end()) {
    for (const auto& [sample_labels, value] : found->second) {
      if (contains(sample_labels, labels)) {
        return value;
      }
    }
  }
  throw std::runtime_error("no such series of " + metric);
}

std::map<std::string, double> Exposition::nonzero(const std::string& metric, const Labels& labels,
                                                  const std::string& by) const {
  std::map<std::string, double> values;
  if (const auto found = samples_.find(metric); found != samples_.end()) {
    for (const auto& [sample_labels, value] : found->second) {
      if (contains(sample_labels, labels) && value != 0) {
        values[sample_labels.at(by)] += value;
      }
    }
  }
  return values;
}

std::map<std::string, double> Exposition::nonzero(const std::string& metric, const Labels& labels,
                                                  const std::string& by, const std::string& by_second) const {
  std::map<std::string, double> values;
  if (const auto found = samples_.find(metric); found != samples_.end()) {
    for (const auto& [sample_labels, value] : found->second) {
      if (contains(sample_labels, labels) && value != 0) {
        values[sample_labels.at(by) + "|" + sample_labels.at(by_second)] += value;
      }
    }
  }
  return values;
}

double Exposition::sum(const std::string& metric, const Labels& labels) const {
  double total = 0;
  if (const auto found = samples_.find(metric); found != samples_.end()) {
    for (const auto& [sample_labels, value] : found->second) {
      total += contains(sample_labels, labels) ? value : 0;
    }
  }
  return total;
}

}  // namespace integration
