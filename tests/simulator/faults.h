// Faults that the control endpoint asks for: which answers are replaced, damaged, delayed or never given.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "simulator/http.h"

namespace simulator {

struct Fault {
  std::string api;       // okta or servicenow
  std::string endpoint;  // as in the journal; empty: any
  std::string kind;
  int status = 500;
  int count = 1;  // answers to spoil; negative: all
  int after = 0;  // answers to leave alone before
  int delay_ms = 0;
  std::string body;  // instead of the vendor's usual error body
  std::map<std::string, std::string> headers;

  // The request isn't looked at; otherwise the true answer is made and then damaged.
  bool replaces_answer() const;
};

class Faults {
 public:
  static bool known(const std::string& kind);
  void add(Fault fault) { faults_.push_back(std::move(fault)); }
  void clear() { faults_.clear(); }
  std::optional<Fault> take(const std::string& api, const std::string& endpoint);
  static Reply replacement(const Fault& fault);
  static void damage(const Fault& fault, Reply& reply);

 private:
  std::vector<Fault> faults_;
};

}  // namespace simulator
