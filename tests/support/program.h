#pragma once

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "base/files.h"

namespace consilium::test {

struct Outcome {
  int code = -1;  ///< exit code, or -signal
  std::string out;
  std::string err;
  double cpu_seconds = 0;  ///< of the program and what it started and waited for
};

/// Runs a program to its end, without a shell.
inline Outcome run_program(const std::vector<std::string>& words) {
  const TemporaryFolder folder;
  const std::string out = (folder.path() / "out").string(), err = (folder.path() / "err").string();
  fflush(nullptr);  // or the child would print our buffers again
  const pid_t child = fork();
  if (child == 0) {
    if (freopen(out.c_str(), "w", stdout) == nullptr || freopen(err.c_str(), "w", stderr) == nullptr) _exit(126);
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    execv(argv[0], argv.data());
    _exit(127);
  }
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), read_file(out), read_file(err),
          seconds(usage.ru_utime) + seconds(usage.ru_stime)};
}

inline std::string consilium_program() { return std::string(CONSILIUM_BINARY_DIR) + "/bin/consilium"; }

}  // namespace consilium::test
