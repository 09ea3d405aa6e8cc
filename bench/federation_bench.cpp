#include <fmt/format.h>
#include <fmt/ranges.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "base/rng.h"
#include "bench/federation_floor.h"
#include "fl/trainer.h"
#include "fl/transport/client.h"
#include "fl/transport/server.h"
#include "models/state/safetensors.h"

// Rounds of a federation over loopback and mutual TLS, 64 tensors, no training: seconds per round and the coordinator's peak memory,
// beside what plain gRPC without TLS, hashes and disk takes for the same bytes in the same run.
//   federation PARAMETERS SITES ROUNDS
// With a fourth word, secure, the same rounds with secure aggregation beside them in one run: what it adds, and by how much it multiplies.
namespace consilium::bench {
namespace {

/// Values that no two chunks share: equal ones would be sent once.
ModelState model_of(std::int64_t parameters, std::uint64_t seed) {
  ModelState state;
  Rng rng(seed);
  for (int n = 0; n < 64; ++n) {
    const std::int64_t count = parameters / 64 + (n < parameters % 64 ? 1 : 0);
    state.tensors.push_back({fmt::format("layer_{:02}.weight", n), "trunk", {count}, std::vector<float>(static_cast<std::size_t>(count))});
    for (float& value : state.tensors.back().values) value = static_cast<float>(rng.uniform() * 0.02 - 0.01);
  }
  return state;
}

struct NoTraining : fl::Trainer {
  explicit NoTraining(const ModelState& delta) : delta(delta) {}
  fl::Validation validate(const fl::RoundPlan&, const ModelState&) override { return {0.5, 1}; }
  fl::Update train(const fl::RoundPlan&, const ModelState&) override {
    fl::Update update;
    update.delta = delta;
    update.cases_per_group = {{"trunk", 10}};
    return update;
  }
  const ModelState& delta;
};

/// `key`: "VmHWM:" the peak, "VmRSS:" what is resident now.
double memory_mb(std::string_view key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(key)) return std::stod(line.substr(key.size())) / 1024;
  return 0;
}

fl::FederationSettings settings_of(int sites, int rounds, bool secure) {
  fl::FederationSettings settings;
  settings.sites.clear();
  for (int n = 0; n < sites; ++n) settings.sites.push_back("site_" + std::to_string(n));
  settings.rounds = rounds;
  settings.quorum = sites;
  if (secure) settings.protection.secure_aggregation.emplace();
  return settings;
}

/// In a process of its own, so that its memory is its own: writes one line per round (seconds, resident MB at its end) and a last one (peak MB).
void coordinate(const fs::path& folder, std::int64_t parameters, int sites, int rounds, bool secure) {
  using Clock = std::chrono::steady_clock;
  auto last = Clock::now();
  std::ofstream out(folder / "times.txt");
  fl::run_coordinator({.listen = "127.0.0.1:0", .name = "hub", .tls = fl::tls_files(folder / "keys", "hub"), .folder = folder / "hub", .linger_seconds = 20}, settings_of(sites, rounds, secure), model_of(parameters, 1),
                      [&](const fl::RoundReport&) {
                        out << std::chrono::duration<double>(Clock::now() - last).count() << " " << memory_mb("VmRSS:") << "\n";
                        last = Clock::now();
                      });
  out << "peak " << memory_mb("VmHWM:") << "\n";
}

double processor_seconds() {
  double seconds = 0;
  for (const auto who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    ::getrusage(who, &usage);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime}) seconds += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  }
  return seconds;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::vector<double> medians_of_tenths(const std::vector<double>& values) {
  const auto parts = static_cast<std::ptrdiff_t>(std::min<std::size_t>(10, values.size())), size = static_cast<std::ptrdiff_t>(values.size());
  std::vector<double> medians;
  for (std::ptrdiff_t n = 0; n < parts; ++n) medians.push_back(median({values.begin() + size * n / parts, values.begin() + size * (n + 1) / parts}));
  return medians;
}

/// Of "hub" and the sites.
void issue_keys(const fs::path& keys, const std::vector<std::string>& sites) {
  fl::init_authority(keys);
  fl::issue_certificate(keys, "hub", {.role = fl::Role::kCoordinator, .hosts = {"localhost", "127.0.0.1"}});
  for (const std::string& site : sites) fl::issue_certificate(keys, site);
}

struct Measured {
  double round_seconds = 0, peak_mb = 0;
  std::vector<double> resident_mb;   ///< after a round, the median of each tenth of the run
  double processor_seconds = 0;      ///< per round, of coordinator and sites, start and end included: says something on a busy machine too
};

Measured measure(std::int64_t parameters, int sites, int rounds, bool secure) {
  const double processor_before = processor_seconds();
  const TemporaryFolder folder;
  const fs::path keys = folder.path() / "keys";
  const auto settings = settings_of(sites, rounds, secure);
  issue_keys(keys, settings.sites);
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string p = std::to_string(parameters), s = std::to_string(sites), r = std::to_string(rounds), f = folder.path().string();
    ::execl("/proc/self/exe", "federation", "--coordinate", f.c_str(), p.c_str(), s.c_str(), r.c_str(), secure ? "secure" : "plain", nullptr);
    ::_exit(127);
  }
  while (!fs::exists(folder.path() / "hub" / "address")) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  std::string address = read_file(folder.path() / "hub" / "address");
  address.pop_back();
  mallopt(M_MMAP_MAX, 0);  // in the sites' process, as models/runtime.cpp does where a site trains
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  const ModelState delta = model_of(parameters, 2);
  std::vector<std::thread> threads;
  for (const std::string& site : settings.sites)
    threads.emplace_back([&, site] {
      NoTraining trainer(delta);
      fl::run_site({.name = site, .coordinator = address, .tls = fl::tls_files(keys, site), .folder = folder.path() / site}, trainer);
    });
  for (std::thread& thread : threads) thread.join();
  int status = 0;
  ::waitpid(child, &status, 0);
  require(WIFEXITED(status) && WEXITSTATUS(status) == 0, ErrorCode::kUnexpected, "the coordinator failed");
  std::ifstream in(folder.path() / "times.txt");
  std::vector<double> seconds, megabytes;
  double peak = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("peak ")) {
      peak = std::stod(line.substr(5));
      continue;
    }
    seconds.push_back(std::stod(line));
    megabytes.push_back(std::stod(line.substr(line.find(' '))));
  }
  // The first round holds the connections, the one after the last only validates.
  return {median({seconds.begin() + 1, seconds.end() - 1}), peak, medians_of_tenths({megabytes.begin() + 1, megabytes.end()}), (processor_seconds() - processor_before) / rounds};
}

void show(std::int64_t parameters, int sites, int rounds) {
  const auto [round, peak, resident, processor] = measure(parameters, sites, rounds, false);
  const std::string bytes(static_cast<std::size_t>(parameters) * sizeof(float), '\1');
  std::vector<double> floors;
  for (int n = 0; n < 5; ++n) floors.push_back(grpc_floor_seconds(bytes, sites));
  const double size_mb = static_cast<double>(bytes.size()) / 1e6;
  fmt::print("{:>10} parameters {:>3} sites {:>4} rounds: {:.4f} s per round, plain gRPC {:.4f} s, ratio {:.2f}; coordinator's peak {:.0f} MB = {:.1f} x model ({:.1f} MB), resident after a round, by tenths of the run: {:.1f} MB\n", parameters, sites, rounds,
             round, median(floors), round / median(floors), peak, peak / size_mb, size_mb, fmt::join(resident, " "));
  fmt::print("{:>10} parameters {:>3} sites: {:.2f} s of processor time per round\n", parameters, sites, processor);
}

/// What a round costs whoever makes it, step by step: the library, mutual TLS, hashes of what is sent and of what comes in, and files of what comes in.
void show_floors(std::int64_t parameters, int sites) {
  const TemporaryFolder keys;
  issue_keys(keys.path(), settings_of(sites, 1, false).sites);
  std::string bytes(static_cast<std::size_t>(parameters) * sizeof(float), '\0');
  for (std::size_t n = 0; n < bytes.size(); ++n) bytes[n] = static_cast<char>(n * 2654435761U >> 24);
  const std::vector<std::pair<const char*, FloorOptions>> steps{{"plain gRPC", {}}, {"with mutual TLS", {.keys = keys.path()}}, {"and SHA-256", {.keys = keys.path(), .hashes = true}},
                                                                {"and files", {.keys = keys.path(), .hashes = true, .keeps = true}}};
  for (const auto& [what, options] : steps) {
    std::vector<double> seconds;
    for (int n = 0; n < 7; ++n) seconds.push_back(grpc_floor_seconds(bytes, sites, options));
    fmt::print("{:>10} parameters {:>3} sites, {}: {:.4f} s\n", parameters, sites, what, median(seconds));
  }
}

/// Plain and secure in turn, so that whatever else runs disturbs both.
void show_secure(std::int64_t parameters, int sites, int rounds) {
  for (int n = 0; n < 3; ++n) {
    const Measured plain = measure(parameters, sites, rounds, false), secure = measure(parameters, sites, rounds, true);
    fmt::print("{:>10} parameters {:>3} sites {:>4} rounds: plain {:.3f} s, secure aggregation {:.3f} s per round: {:.3f} s more, {:.2f} times; processor time {:.2f} and {:.2f} s, {:.2f} times; coordinator's peak {:.0f} and {:.0f} MB\n", parameters, sites, rounds, plain.round_seconds, secure.round_seconds,
               secure.round_seconds - plain.round_seconds, secure.round_seconds / plain.round_seconds, plain.processor_seconds, secure.processor_seconds, secure.processor_seconds / plain.processor_seconds, plain.peak_mb, secure.peak_mb);
  }
}

}  // namespace
}  // namespace consilium::bench

int main(int argc, char** argv) {
  using namespace consilium::bench;
  try {
    if (argc == 7 && std::string(argv[1]) == "--coordinate") {
      coordinate(argv[2], std::stoll(argv[3]), std::stoi(argv[4]), std::stoi(argv[5]), std::string(argv[6]) == "secure");
      return 0;
    }
    if (argc == 4 && std::string(argv[1]) == "floors") {
      show_floors(std::stoll(argv[2]), std::stoi(argv[3]));
      return 0;
    }
    if ((argc == 4 || argc == 5) && std::isdigit(static_cast<unsigned char>(argv[1][0]))) {
      const auto run = argc == 5 && std::string(argv[4]) == "secure" ? show_secure : show;
      run(std::stoll(argv[1]), std::stoi(argv[2]), std::stoi(argv[3]));
      return 0;
    }
    for (const auto& [parameters, sites, rounds] : {std::tuple{1000LL, 3, 20}, std::tuple{5605220LL, 3, 10}, std::tuple{5605220LL, 10, 6}, std::tuple{5605220LL, 50, 4}, std::tuple{29950394LL, 3, 5}, std::tuple{29950394LL, 10, 3}})
      show(parameters, sites, rounds);
    show_secure(5605220, 3, 10);
    return 0;
  } catch (const consilium::Error& error) {
    fmt::print(stderr, "federation: {}\n", error.what());
    return 1;
  }
}
