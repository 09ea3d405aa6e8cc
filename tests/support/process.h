#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/files.h"

namespace consilium::test {

/// Waits until `condition` holds; false when `seconds` passed first. For what another process does: nothing tells us when.
inline bool wait_until(const std::function<bool()>& condition, double seconds = 60) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

/// A program that runs beside the test, its output in files; killed with its scope.
class Process {
 public:
  explicit Process(std::vector<std::string> words, bool own_group = false) {
    const std::string out = (folder_.path() / "out").string(), err = (folder_.path() / "err").string();
    for (const std::string& file : {out, err}) write_file(file, "");
    fflush(nullptr);  // or the child would print our buffers again
    pid_ = fork();
    if (pid_ != 0) {
      if (own_group) setpgid(pid_, pid_);
      return;
    }
    if (own_group) setpgid(0, 0);
    const int nothing = open("/dev/null", O_RDONLY);
    if (nothing < 0 || dup2(nothing, 0) < 0 || freopen(out.c_str(), "w", stdout) == nullptr ||
        freopen(err.c_str(), "w", stderr) == nullptr)
      _exit(126);
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    execv(argv[0], argv.data());
    _exit(127);
  }
  ~Process() {
    if (!running()) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Process(const Process&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const { kill(pid_, number); }
  /// Whether the program has a handler of its own for the signal by now: on a busy machine it is still loading long after it was started.
  bool handles(int number) const {
    const std::string status = read_file("/proc/" + std::to_string(pid_) + "/status");
    const std::size_t at = status.find("SigCgt:");
    return at != std::string::npos && (std::stoull(status.substr(at + 7), nullptr, 16) >> (number - 1) & 1) != 0;
  }
  bool running() {
    if (!ended_ && waitpid(pid_, &status_, WNOHANG) == pid_) ended_ = true;
    return !ended_;
  }
  /// Exit code, or -signal; -1000 when it still runs after `seconds`.
  int wait(double seconds = 60) {
    if (!wait_until([&] { return !running(); }, seconds)) return -1000;
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_);
  }
  std::string out() const { return read_file(folder_.path() / "out"); }
  std::string err() const { return read_file(folder_.path() / "err"); }

 private:
  TemporaryFolder folder_;
  pid_t pid_ = 0;
  int status_ = 0;
  bool ended_ = false;
};

}  // namespace consilium::test
