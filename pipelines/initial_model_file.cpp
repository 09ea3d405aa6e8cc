#include "pipelines/initial_model_file.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"

namespace consilium::pipelines {
namespace {

/// Runs a program to its end; its standard output is not ours.
int run_to_end(std::vector<std::string> words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int fault = posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  require(fault == 0, ErrorCode::kNotFound, words[0] + " cannot be started: " + std::strerror(fault));
  int status = 0;
  while (waitpid(child, &status, 0) < 0) require(errno == EINTR, ErrorCode::kUnexpected, words[0] + " was lost");
  return WIFEXITED(status) ? WEXITSTATUS(status) : static_cast<int>(ErrorCode::kUnexpected);
}

}  // namespace

fs::path ready_initial_model(const fs::path& file, const fs::path& folder) {
  if (file.extension() != ".json") return file;
  const fs::path start = folder / "start", model = start / "initial.safetensors", used = start / "training.json";
  const std::string settings = read_file(file, 64 << 20);
  if (fs::exists(used)) {  // written last
    require(read_file(used, 64 << 20) == settings, ErrorCode::kMismatch, file.string() + ": differs from the settings that " + folder.string() + " was started from; give another folder, or remove this one");
    return model;
  }
  const fs::path program = fs::read_symlink("/proc/self/exe").parent_path() / "consilium-models";
  require(fs::exists(program), ErrorCode::kNotFound, program.string() + ": is not installed here; write the model with consilium train --initial where it is, and name that file as initial_model");
  log_line("making the initial model from " + file.filename().string());
  const int code = run_to_end({program.string(), "train", file.string(), "--initial", "-o", start.string(), "--quiet"});
  if (code != 0) throw Error(static_cast<ErrorCode>(code), file.string() + ": no initial model came of these settings; the reason stands above");
  write_file(used, settings);
  return model;
}

}  // namespace consilium::pipelines
