#include "pipelines/simulate_processes.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "base/stop.h"
#include "fl/keys.h"
#include "models/state/safetensors.h"
#include "pipelines/coordinate.h"
#include "pipelines/join_federation.h"
#include "pipelines/segment.h"

namespace consilium::pipelines {
namespace {

constexpr int kMostStarts = 5;

/// A program beside this one.
fs::path sibling(const char* name) { return fs::read_symlink("/proc/self/exe").parent_path() / name; }

std::string last_lines(const fs::path& log) {
  if (!fs::exists(log)) return "no log";
  const std::string text = read_file(log);
  std::size_t at = text.size();
  for (int lines = 0; at > 0 && lines < 6; --at)
    if (text[at - 1] == '\n') ++lines;
  return text.substr(at);
}

/// One supervised process.
class Child {
 public:
  Child(std::string name, std::vector<std::string> words, fs::path folder) : name_(std::move(name)), words_(std::move(words)), folder_(std::move(folder)) { start(); }
  ~Child() {
    if (pid_ <= 0) return;
    kill(pid_, SIGTERM);
    for (int n = 0; n < 100; ++n) {
      if (waitpid(pid_, nullptr, WNOHANG) != 0) return;  // gone: its number may be another's by now
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;

  /// Starts it again if it died; true when it has ended well.
  bool check() {
    if (pid_ <= 0) return true;
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == 0) return false;
    pid_ = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
    const std::string how = WIFSIGNALED(status) ? "was killed by signal " + std::to_string(WTERMSIG(status)) : "ended with code " + std::to_string(WEXITSTATUS(status));
    // A wrong setting does not get better with time.
    const bool hopeless = WIFEXITED(status) && WEXITSTATUS(status) == static_cast<int>(ErrorCode::kUsage);
    require(!hopeless && starts_ < kMostStarts, ErrorCode::kUnexpected, name_ + " " + how + " (start " + std::to_string(starts_) + "): " + last_lines(log()));
    log_warning(name_ + " " + how + "; starting it again");
    start();
    return false;
  }

 private:
  fs::path log() const { return folder_ / (name_ + ".log"); }

  void start() {
    ++starts_;
    std::vector<char*> argv;
    for (std::string& word : words_) argv.push_back(word.data());
    argv.push_back(nullptr);
    const std::string log_path = log().string();
    const pid_t parent = getpid();
    pid_ = fork();
    require(pid_ >= 0, ErrorCode::kUnexpected, "a process could not be started");
    if (pid_ == 0) {
      // Only calls that are safe after fork in a program with threads.
      prctl(PR_SET_PDEATHSIG, SIGTERM);
      if (getppid() != parent) _exit(1);
      const int file = open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
      if (file < 0 || dup2(file, 1) < 0 || dup2(file, 2) < 0) _exit(1);
      execv(argv[0], argv.data());
      _exit(127);
    }
    write_file(folder_ / (name_ + ".pid"), std::to_string(pid_) + "\n");
  }

  std::string name_;
  std::vector<std::string> words_;
  fs::path folder_;
  pid_t pid_ = 0;
  int starts_ = 0;
};

std::int64_t rounds_closed(const fs::path& coordinator) {
  const fs::path file = coordinator / "progress.json";
  return fs::exists(file) ? read_json(file).value("rounds_closed", std::int64_t{0}) : 0;
}

/// Certificates, settings and the initial model; what is there from an earlier start stays.
void prepare_folder(const FederationRequest& request, const fl::FederationSettings& federation) {
  for (const SimulatedSite& site : request.settings.sites)
    require(site.channels.empty(), ErrorCode::kUsage, "site " + site.name + ": channels are withheld within one process only; a site of its own reads what lies in its folder");
  const fs::path folder = fs::absolute(request.folder), keys = folder / "keys";
  if (!fs::exists(keys / "ca.crt")) fl::init_authority(keys, {.federation = "simulated federation", .valid_days = 30});
  if (!fs::exists(keys / "coordinator.crt")) fl::issue_certificate(keys, "coordinator", {.role = fl::Role::kCoordinator, .hosts = {"localhost", "127.0.0.1"}, .valid_days = 30});
  write_model(folder / "initial.safetensors", federation_start(request), request.settings.training);
  CoordinateSettings coordinator;
  coordinator.listen = "127.0.0.1:0";  // not every container can resolve "localhost"
  coordinator.keys = keys.string();
  coordinator.initial_model = (folder / "initial.safetensors").string();
  coordinator.folder = (folder / "coordinator").string();
  coordinator.federation = federation;
  if (fs::exists(folder / "coordinator" / "address")) {
    // A coordinator that is started again is found where its sites look for it.
    std::string address = read_file(folder / "coordinator" / "address", 4096);
    while (!address.empty() && address.back() == '\n') address.pop_back();
    coordinator.listen = address;
  }
  write_file(folder / "coordinator.json", to_json(coordinator).dump(1) + "\n");
  for (const SimulatedSite& site : request.settings.sites) {
    if (std::find(federation.sites.begin(), federation.sites.end(), site.name) == federation.sites.end()) continue;
    if (!fs::exists(keys / (site.name + ".crt"))) fl::issue_certificate(keys, site.name, {.role = fl::Role::kSite, .hosts = {}, .valid_days = 30});
    JoinSettings join;
    join.name = site.name;
    join.coordinator = "@" + (folder / "coordinator" / "address").string();
    join.keys = keys.string();
    join.data = fs::absolute(request.data / site.folder).string();
    join.scheme = site.scheme;
    join.files = site.files;
    join.annotated = site.annotated;
    join.device = request.settings.training.device.str();
    join.folder = (folder / "sites" / site.name).string();
    join.folds = request.settings.folds;
    join.fold = request.fold;
    write_file(folder / (site.name + ".json"), to_json(join).dump(1) + "\n");
  }
}

}  // namespace

fl::FinishedRun federate_in_processes(const FederationRequest& request) {
  require(request.settings.topology == fl::Topology::kCoordinator, ErrorCode::kUnsupported, "topology " + std::string(to_string(request.settings.topology)) + " is simulated in one process only; leave out --processes");
  const fl::FederationSettings federation = federation_settings(request);
  const fs::path folder = fs::absolute(request.folder);
  const auto finished = [&]() -> std::optional<fl::FinishedRun> {
    if (!fs::exists(folder / "coordinator" / "run.sqlite")) return std::nullopt;
    const fl::RunStore store(folder / "coordinator", federation);
    auto state = store.load();
    if (!state || state->round <= federation.rounds) return std::nullopt;
    return fl::FinishedRun{*std::move(state), read_safetensors(store.best_file()).state};
  };
  const auto steps_after = [&](std::int64_t rounds) {
    rounds = std::min(rounds, federation.rounds);
    std::int64_t steps = 0;
    for (const auto& [name, split] : request.sites) {
      if (rounds == 0 || split.train.empty()) continue;
      const models::StepRange last = steps_of_round(request.settings.training, rounds - 1, split.train.size());
      steps += last.first + last.count;
    }
    return steps;
  };
  std::int64_t told = 0;
  const auto tell = [&] {
    const std::int64_t steps = steps_after(rounds_closed(folder / "coordinator"));
    if (request.on_step && steps > told) request.on_step(steps - told, std::nullopt);
    told = std::max(told, steps);
  };
  if (auto state = finished()) {
    tell();
    return *state;
  }
  prepare_folder(request, federation);
  {
    std::vector<std::unique_ptr<Child>> children;
    const auto supervise = [&](const std::string& name, const char* program, const char* verb) {
      children.push_back(std::make_unique<Child>(name, std::vector<std::string>{sibling(program).string(), verb, (folder / (name + ".json")).string(), "--quiet"}, folder));
    };
    supervise("coordinator", "consilium-federation", "coordinate");
    // From now on a restarted coordinator takes the port that its sites know.
    while (!fs::exists(folder / "coordinator" / "address") && !children[0]->check()) {
      throw_if_stopped(request.stop);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    prepare_folder(request, federation);
    for (const std::string& site : federation.sites) supervise(site, "consilium-models", "join");
    for (bool running = true; running;) {
      throw_if_stopped(request.stop);  // before the children are looked at: they end by themselves when the whole group is interrupted
      running = false;
      for (const auto& child : children) running = !child->check() || running;
      tell();
      if (running) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
  auto state = finished();
  require(state.has_value(), ErrorCode::kUnexpected, "every process has ended, but the federation has not; see " + (folder / "coordinator.log").string());
  tell();
  return *state;
}

}  // namespace consilium::pipelines
