// The SCIM filter language of Okta's `filter` parameter.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace simulator {

// All values that an attribute path has on one object; several for a path through an array such as target.id.
using AttributeLookup = std::function<std::vector<std::string>(std::string_view path)>;

class ScimFilter {
 public:
  struct Node;

  // The error is a sentence for errorSummary.
  static std::expected<ScimFilter, std::string> parse(std::string_view text);
  bool matches(const AttributeLookup& lookup) const;
  const std::vector<std::string>& attributes() const { return attributes_; }

 private:
  std::shared_ptr<const Node> root_;
  std::vector<std::string> attributes_;
};

}  // namespace simulator
