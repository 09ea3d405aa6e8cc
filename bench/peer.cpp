#include "bench/peer.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include "base/files.h"

extern char** environ;

namespace consilium::bench {
namespace {

/// Exit code; standard output goes to `out`.
int run_to(const std::vector<std::string>& command, const std::string& out) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  pid_t child = 0;
  int status = -1;
  if (posix_spawn(&child, argv[0], &files, nullptr, argv.data(), environ) == 0) waitpid(child, &status, 0);
  posix_spawn_file_actions_destroy(&files);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

double peer_seconds(const std::string& script, const std::vector<std::string>& words) {
  const TemporaryFolder folder;
  const std::string out = (folder.path() / "out").string();
  const char* python = std::getenv("CONSILIUM_BENCH_PYTHON");
  std::vector<std::string> command{python != nullptr ? python : "/usr/bin/python3", std::string(CONSILIUM_SOURCE_DIR) + "/bench/peers/" + script};
  command.insert(command.end(), words.begin(), words.end());
  if (run_to(command, out) != 0) return -1;
  return std::strtod(read_file(out).c_str(), nullptr);
}

double program_seconds(const std::vector<std::string>& command) {
  const auto start = std::chrono::steady_clock::now();
  const int code = run_to(command, "/dev/null");
  return code == 0 ? std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() : -1;
}

}  // namespace consilium::bench
