#include "provisioning/task_plan.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "provisioning/classifier.h"

namespace exporter::provisioning {
namespace {

// A closed task is asked for by a success for so long; TaskBook forgets its key then.
constexpr std::chrono::hours kRemembered{24};

struct Slot {
  Operation operation = Operation::other;
  SystemTime first;
  SystemTime last;
  std::size_t closed = kNone;  // index into TaskBundle::closed
  // Only events that attach so far: its operation is a guess, and the next task of its own takes it in.
  bool provisional = false;
  std::vector<std::size_t> events;
};

class Plan {
 public:
  Plan(const TaskBundle& bundle, TaskTimes times) : bundle_(bundle), times_(times) {
    for (std::size_t i = 0; i < bundle.closed.size(); ++i) {
      const ClosedTask& task = bundle.closed[i];
      slots_.push_back({task.operation, task.first, task.last, i, false, {}});
    }
  }

  std::vector<PlannedTask> make() {
    for (std::size_t i = 0; i < bundle_.events.size(); ++i) {
      if (bundle_.events[i].operation.attaches) {
        attach(i);
      } else {
        place(i);
      }
    }
    std::erase_if(slots_, [](const Slot& slot) { return slot.events.empty(); });
    std::stable_sort(slots_.begin(), slots_.end(), [this](const Slot& a, const Slot& b) {
      return before(bundle_.events[a.events.front()], bundle_.events[b.events.front()]);
    });
    return judge();
  }

 private:
  const TaskEvent& event(std::size_t index) const { return bundle_.events[index]; }

  bool reaches(const Slot& slot, SystemTime at) const {
    return at > slot.first - times_.settle && at < slot.last + times_.settle &&
           at < slot.first + times_.longest();
  }

  // The newest slot that the moment falls into and `fits` accepts.
  template <class Fits>
  Slot* newest(SystemTime at, const Fits& fits) {
    Slot* found = nullptr;
    for (Slot& slot : slots_) {
      if (reaches(slot, at) && fits(slot) && (found == nullptr || slot.first >= found->first)) found = &slot;
    }
    return found;
  }

  void join(Slot& slot, std::size_t index) {
    slot.last = std::max(slot.last, event(index).at);
    slot.events.push_back(index);
  }

  void place(std::size_t index) {
    const TaskEvent& placed = event(index);
    Slot* slot = newest(placed.at, [&](const Slot& candidate) {
      return candidate.operation == placed.operation.operation && !candidate.provisional;
    });
    if (slot == nullptr) {
      // What waited for a task to attach to has found one.
      slot = newest(placed.at, [](const Slot& candidate) { return candidate.provisional; });
      if (slot == nullptr) slot = &slots_.emplace_back(Slot{{}, placed.at, placed.at, kNone, false, {}});
      slot->operation = placed.operation.operation;
      slot->provisional = false;
    }
    join(*slot, index);
  }

  void attach(std::size_t index) {
    const TaskEvent& attached = event(index);
    Slot* slot = newest(attached.at, [](const Slot&) { return true; });
    if (slot == nullptr) {
      slot =
          &slots_.emplace_back(Slot{attached.operation.operation, attached.at, attached.at, kNone, true, {}});
    }
    // Alone together they are one task: of sync (update), verify_exists (verify) and integration.*
    // (connection) the operation on the user goes first.
    if (slot->provisional) slot->operation = std::min(slot->operation, attached.operation.operation);
    join(*slot, index);
  }

  // The most specific failure, the earliest among equals; of those that say the same, one with a text.
  std::size_t telling_failure(const std::vector<std::size_t>& events) const {
    std::size_t best = kNone;
    const auto rank = [&](std::size_t index) {
      return std::pair(specificity(event(index).reason), !event(index).text.empty());
    };
    for (const std::size_t index : events) {
      if (event(index).role != EventRole::failure) continue;
      if (best == kNone || rank(index) > rank(best)) best = index;
    }
    return best;
  }

  std::vector<PlannedTask> judge() {
    // What is counted already, and what will have been by the time the next one is judged.
    struct Known {
      Operation operation;
      SystemTime first;
      SystemTime closing;
      bool failed;
      std::size_t closed;
    };
    std::vector<Known> known;
    for (std::size_t i = 0; i < bundle_.closed.size(); ++i) {
      const ClosedTask& task = bundle_.closed[i];
      known.push_back({task.operation, task.first, times_.closing(task.first, task.last), task.failed, i});
    }
    std::vector<PlannedTask> plan;
    for (Slot& slot : slots_) {
      PlannedTask& task = plan.emplace_back();
      task.operation = slot.operation;
      task.first = event(slot.events.front()).at;
      task.last = event(slot.events.back()).at;
      task.failure = telling_failure(slot.events);
      task.events = std::move(slot.events);
      Known* earlier = nullptr;
      if (slot.closed != kNone) {
        task.inside = true;
        earlier = &known[slot.closed];
      } else if (!has_attempt(task)) {
        for (Known& candidate : known) {
          if (candidate.first > task.first || task.first - candidate.closing > kRemembered) continue;
          if (candidate.operation != task.operation && !slot.provisional) continue;
          if (earlier == nullptr || candidate.first >= earlier->first) earlier = &candidate;
        }
        if (earlier != nullptr && first_failure(task) > earlier->closing + kLateFailure) earlier = nullptr;
      }
      if (earlier == nullptr) {
        known.push_back({task.operation, task.first, times_.closing(task.first, task.last),
                         task.failure != kNone, kNone});
        continue;
      }
      task.owner = earlier->closed;
      task.operation = earlier->operation;  // not the guess of events that attach
      task.verdict = task.failure != kNone && !earlier->failed ? Verdict::late_failure : Verdict::nothing_new;
      earlier->failed = earlier->failed || task.failure != kNone;
    }
    return plan;
  }

  bool has_attempt(const PlannedTask& task) const {
    return std::any_of(task.events.begin(), task.events.end(),
                       [&](std::size_t index) { return event(index).role == EventRole::attempt; });
  }

  // Where there is none, the beginning of time: a success never comes too late.
  SystemTime first_failure(const PlannedTask& task) const {
    for (const std::size_t index : task.events) {
      if (event(index).role == EventRole::failure) return event(index).at;
    }
    return SystemTime::min();
  }

  const TaskBundle& bundle_;
  TaskTimes times_;
  std::vector<Slot> slots_;
};

}  // namespace

std::vector<PlannedTask> plan_tasks(const TaskBundle& bundle, TaskTimes times) {
  return Plan(bundle, times).make();
}

}  // namespace exporter::provisioning
