#include "integration/process.h"

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace integration {

namespace {

int open_log(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) {
    throw std::runtime_error("cannot open " + path.string());
  }
  return fd;
}

}  // namespace

Process::Process(std::filesystem::path directory, std::string name, std::vector<std::string> command)
    : stdout_(directory / (name + ".stdout")), stderr_(directory / (name + ".stderr")) {
  const int out = open_log(stdout_);
  const int err = open_log(stderr_);
  std::vector<char*> arguments;
  for (std::string& part : command) {
    arguments.push_back(part.data());
  }
  arguments.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(null, STDIN_FILENO);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(err, STDERR_FILENO);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(out);
  ::close(err);
  if (pid_ < 0) {
    throw std::runtime_error("fork failed");
  }
}

Process::~Process() {
  if (running()) {
    signal(SIGKILL);
    wait(10);
  }
}

void Process::signal(int number) const { ::kill(pid_, number); }

std::optional<int> Process::wait(double seconds) {
  if (code_) {
    return code_;
  }
  // A pidfd becomes readable when the process ends: no polling loop.
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  pollfd poll_fd{.fd = fd, .events = POLLIN, .revents = 0};
  const int ready = fd >= 0 ? ::poll(&poll_fd, 1, static_cast<int>(seconds * 1000)) : 1;
  if (fd >= 0) {
    ::close(fd);
  }
  int status = 0;
  if (ready > 0 && ::waitpid(pid_, &status, 0) == pid_) {
    code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return code_;
}

bool Process::running() { return !wait(0); }

std::string Process::output() const { return read_file(stdout_); }
std::string Process::errors() const { return read_file(stderr_); }

Finished run_to_end(const std::filesystem::path& directory, std::vector<std::string> command,
                    double seconds) {
  static int runs = 0;
  Process process(directory, "run" + std::to_string(runs++), std::move(command));
  const std::optional<int> code = process.wait(seconds);
  if (!code) {
    throw std::runtime_error("the command did not end in time: " + process.errors());
  }
  return {.code = *code, .output = process.output(), .errors = process.errors()};
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_file(const std::filesystem::path& path, const std::string& text) {
  // Replaced as a whole, so that a reader sees the old or the new text.
  const std::filesystem::path temporary = path.string() + ".new";
  std::ofstream(temporary, std::ios::binary) << text;
  std::filesystem::rename(temporary, path);
}

}  // namespace integration
