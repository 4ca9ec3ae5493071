#include "metrics/process_metrics.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

namespace exporter::metrics {

namespace {

// The fields of /proc/self/stat after the command, see proc(5); its numbers there are ours plus 3.
struct Stat {
  double cpu_ticks = 0;
  double threads = 0;
  double start_ticks = 0;
  double virtual_bytes = 0;
  double resident_pages = 0;
};

std::optional<Stat> read_stat() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  // The command may hold spaces and parentheses; the last one closes it.
  if (!std::getline(file, line) || line.rfind(')') == std::string::npos) {
    return std::nullopt;
  }
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string state;
  fields >> state;
  double values[22] = {};  // from ppid (field 4) to rss (field 24)
  std::size_t read = 0;
  while (read < std::size(values) && fields >> values[read]) {
    ++read;
  }
  if (read < 21) {
    return std::nullopt;
  }
  const auto field = [&](std::size_t number) { return values[number - 4]; };
  return Stat{.cpu_ticks = field(14) + field(15),
              .threads = field(20),
              .start_ticks = field(22),
              .virtual_bytes = field(23),
              .resident_pages = field(24)};
}

// Unix time at which the machine was started.
std::optional<double> read_boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string key;
    double value = 0;
    if (fields >> key >> value && key == "btime") {
      return value;
    }
  }
  return std::nullopt;
}

}  // namespace

Snapshot process_points() {
  Snapshot points;
  const auto add = [&](const Metric& metric, double value) {
    points.push_back({.metric = &metric, .label_values = {}, .value = value});
  };
  const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  if (const auto stat = read_stat()) {
    add(catalogue::process_cpu_seconds_total, stat->cpu_ticks / ticks_per_second);
    add(catalogue::process_resident_memory_bytes,
        stat->resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE)));
    add(catalogue::process_threads, stat->threads);
    add(catalogue::process_virtual_memory_bytes, stat->virtual_bytes);
    // The boot time does not change while the process lives, and /proc/stat is long on large machines.
    static const std::optional<double> boot_time = read_boot_time();
    if (boot_time) {
      add(catalogue::process_start_time_seconds, *boot_time + stat->start_ticks / ticks_per_second);
    }
  }
  std::error_code error;
  const std::filesystem::directory_iterator descriptors("/proc/self/fd", error);
  if (!error) {
    // Less the one that reads the directory.
    add(catalogue::process_open_fds,
        static_cast<double>(std::distance(begin(descriptors), std::filesystem::directory_iterator()) - 1));
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    add(catalogue::process_max_fds, static_cast<double>(limit.rlim_cur));
  }
  return points;
}

}  // namespace exporter::metrics
