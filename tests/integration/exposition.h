// A reader of Prometheus's text format for tests, written from the format's description and not from our
// writer.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace integration {

using Labels = std::map<std::string, std::string>;

class Exposition {
 public:
  // Throws std::runtime_error at the first line that the format does not allow.
  explicit Exposition(std::string_view text);

  bool has(const std::string& metric) const { return samples_.contains(metric); }
  bool has(const std::string& metric, const Labels& labels) const;
  // Throws where there is no such series.
  double value(const std::string& metric, const Labels& labels) const;
  // Every series of the metric whose labels contain `labels`: the remaining label's value → the sample; zeros
  // are left out.
  std::map<std::string, double> nonzero(const std::string& metric, const Labels& labels,
                                        const std::string& by) const;
  // The same by two labels, joined by '|'.
  std::map<std::string, double> nonzero(const std::string& metric, const Labels& labels,
                                        const std::string& by, const std::string& by_second) const;
  double sum(const std::string& metric, const Labels& labels) const;
  const std::map<std::string, std::map<Labels, double>>& samples() const { return samples_; }
  const std::map<std::string, std::string>& types() const { return types_; }

 private:
  std::map<std::string, std::map<Labels, double>> samples_;
  std::map<std::string, std::string> types_;
};

}  // namespace integration
