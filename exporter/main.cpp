#include <malloc.h>

#include "app/run.h"

namespace {

// A listing is millions of small pieces between pages of half a megabyte that come and go. Left to itself
// glibc soon takes the pages from the heap too, and the holes that they leave there are never given back. In
// one arena a thread finds what another one has freed.
void keep_pages_out_of_the_heap() {
  constexpr int kLarge = 128 * 1024;
  // Each request has some 160 KiB from the end of the heap: to give them back to the system after each and
  // take them anew costs more than to keep them.
  constexpr int kSpare = 512 * 1024;
  // NOLINTBEGIN(concurrency-mt-unsafe): there is no other thread yet.
  ::mallopt(M_MMAP_THRESHOLD, kLarge);
  ::mallopt(M_TRIM_THRESHOLD, kSpare);
  ::mallopt(M_ARENA_MAX, 1);
  // NOLINTEND(concurrency-mt-unsafe)
}

}  // namespace

int main(int argc, char** argv) {
  keep_pages_out_of_the_heap();
  return exporter::app::run(argc, argv);
}
