// A child process of a test: started with a list of arguments, its output in files, ended by the test and by
// nobody else.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace integration {

class Process {
 public:
  // stdout and stderr go to <directory>/<name>.stdout and .stderr, appended over restarts.
  Process(std::filesystem::path directory, std::string name, std::vector<std::string> command);
  ~Process();  // kill -9 where it still runs
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void signal(int number) const;
  // The exit code, 128 + signal where one ended it; nullopt where it has not ended within the bound.
  std::optional<int> wait(double seconds);
  bool running();
  std::string output() const;
  std::string errors() const;
  pid_t pid() const { return pid_; }

 private:
  std::filesystem::path stdout_;
  std::filesystem::path stderr_;
  pid_t pid_ = -1;
  std::optional<int> code_;
};

// Runs to its end; the exit code and what it printed.
struct Finished {
  int code;
  std::string output;
  std::string errors;
};
Finished run_to_end(const std::filesystem::path& directory, std::vector<std::string> command,
                    double seconds = 60);

std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, const std::string& text);

}  // namespace integration
