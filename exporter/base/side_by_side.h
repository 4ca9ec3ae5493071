// Two halves of a work at once.
#pragma once

#include <cstddef>
#include <future>
#include <utility>

namespace exporter {

// Runs `beside` on a thread of its own and `here` on this one, and returns when both are done. What one of
// them throws, this throws. Of fewer than 10,000 `pieces` a thread costs more than it gains: then `beside`
// runs here too, after the other one and only if that did not throw.
template <class Beside, class Here>
void side_by_side(std::size_t pieces, Beside&& beside, Here&& here) {
  constexpr std::size_t kWorthAThread = 10'000;
  const auto how = pieces < kWorthAThread ? std::launch::deferred : std::launch::async;
  std::future<void> done = std::async(how, std::forward<Beside>(beside));
  std::forward<Here>(here)();
  done.get();
}

// Calls work(from, to, half) for the first half of the pieces, which is half 0, and for the second one, side
// by side.
template <class Work>
void in_halves(std::size_t pieces, const Work& work) {
  const std::size_t middle = pieces / 2;
  side_by_side(
      pieces, [&] { work(std::size_t{0}, middle, std::size_t{0}); },
      [&] { work(middle, pieces, std::size_t{1}); });
}

}  // namespace exporter
