// Two halves of a work at once.
#pragma once

#include <future>
#include <utility>

namespace exporter {

// Runs `beside` on a thread of its own and `here` on this one, and returns when both are done. What one of
// them throws, this throws.
template <class Beside, class Here>
void side_by_side(Beside&& beside, Here&& here) {
  std::future<void> done = std::async(std::launch::async, std::forward<Beside>(beside));
  std::forward<Here>(here)();
  done.get();
}

}  // namespace exporter
