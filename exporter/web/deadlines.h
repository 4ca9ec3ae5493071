// Timers without a heap: everything that waits in one list waits equally long, so the list is in the order of
// its deadlines.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>

#include "base/clock.h"

namespace exporter::web {

class DeadlineList;

// A member of at most one list; leaves it when it dies. Not movable.
class Deadline {
 public:
  explicit Deadline(std::uint64_t id) { node_.push_back({id, {}}); }
  ~Deadline() { clear(); }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  // To the end of `list`, out of the list that it was in. `now` never goes back.
  void set(DeadlineList& list, SteadyTime now);
  void clear();
  bool is_in(const DeadlineList& list) const { return list_ == &list; }

 private:
  friend class DeadlineList;
  struct Node {
    std::uint64_t id;
    SteadyTime at;
  };
  // Holds the node while it is in no list; moved by splice, so a timer costs no allocation.
  std::list<Node> node_;
  std::list<Node>::iterator at_ = node_.end();
  DeadlineList* list_ = nullptr;
};

class DeadlineList {
 public:
  explicit DeadlineList(std::chrono::milliseconds timeout) : timeout_(timeout) {}

  bool empty() const { return nodes_.empty(); }
  // Not while empty.
  std::uint64_t first() const { return nodes_.front().id; }
  SteadyTime first_deadline() const { return nodes_.front().at; }

 private:
  friend class Deadline;
  std::chrono::milliseconds timeout_;
  std::list<Deadline::Node> nodes_;
};

inline void Deadline::set(DeadlineList& list, SteadyTime now) {
  auto& from = list_ == nullptr ? node_ : list_->nodes_;
  const auto node = list_ == nullptr ? node_.begin() : at_;
  list.nodes_.splice(list.nodes_.end(), from, node);
  at_ = node;
  at_->at = now + list.timeout_;
  list_ = &list;
}

inline void Deadline::clear() {
  if (list_ == nullptr) return;
  node_.splice(node_.end(), list_->nodes_, at_);
  list_ = nullptr;
}

}  // namespace exporter::web
