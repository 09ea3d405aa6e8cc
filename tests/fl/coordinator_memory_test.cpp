#include <gtest/gtest.h>

#include <fstream>
#include <future>

#include "fl/keys.h"
#include "fl/transport/client.h"
#include "tests/fl/noise_trainer.h"
#include "tests/support/process.h"

namespace consilium::fl {
namespace {

using consilium::test::Process;
using consilium::test::wait_until;
using test::NoiseTrainer;

constexpr std::int64_t kParameters = 5605220;  // 22.4 MB, as docs/benchmarks.md
constexpr double kModelMegabytes = kParameters * 4 / 1e6;

double megabytes(pid_t process, const std::string& key) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(key + ":")) return std::stod(line.substr(key.size() + 1)) / 1000;  // kB
  return 0;
}

/// Peak memory of a coordinator process after so many rounds with so many sites.
double peak_megabytes(int sites, std::int64_t rounds, const std::string& protection = "{}") {
  const TemporaryFolder folder;
  const fs::path keys = folder.path() / "keys", hub = folder.path() / "hub";
  init_authority(keys);
  issue_certificate(keys, "hub", {.role = Role::kCoordinator, .hosts = {"127.0.0.1"}});
  std::vector<std::string> names;
  for (int n = 0; n < sites; ++n) names.push_back("site_" + std::to_string(n));
  for (const std::string& name : names) issue_certificate(keys, name);
  std::vector<std::string> words{CONSILIUM_BINARY_DIR "/bin/toy_process", "coordinator", keys.string(), hub.string(), "127.0.0.1:0", std::to_string(rounds), std::to_string(kParameters), protection};
  words.insert(words.end(), names.begin(), names.end());
  Process coordinator(words);
  EXPECT_TRUE(wait_until([&] { return fs::exists(hub / "address"); })) << coordinator.err();
  std::string address = read_file(hub / "address");
  address.pop_back();
  std::vector<std::unique_ptr<NoiseTrainer>> trainers;
  std::vector<std::future<ModelState>> running;
  for (const std::string& name : names) {
    trainers.push_back(std::make_unique<NoiseTrainer>(name, 0));
    running.push_back(std::async(std::launch::async, [&, name, trainer = trainers.back().get()] {
      return run_site({.name = name, .coordinator = address, .tls = tls_files(keys, name), .folder = folder.path() / name}, *trainer);
    }));
  }
  double peak = 0;
  while (coordinator.running()) {
    peak = std::max(peak, megabytes(coordinator.pid(), "VmHWM"));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  for (auto& one : running) one.get();
  EXPECT_EQ(coordinator.wait(), 0) << coordinator.err();
  return peak;
}

/// Complaint 4: coordinators that need a dozen to a hundred times the model. Updates go through the disk and are averaged block by block, so that the number of sites
/// does not matter. The bound is 3 x model + 64 MB.
TEST(CoordinatorMemory, DoesNotGrowWithSites) {
#if defined(CONSILIUM_SANITIZED)
  GTEST_SKIP() << "a sanitizer's own memory is most of it";
#endif
  const double few = peak_megabytes(3, 3), many = peak_megabytes(10, 3);
  RecordProperty("megabytes_3_sites", std::to_string(few));
  RecordProperty("megabytes_10_sites", std::to_string(many));
  EXPECT_LT(few, 3 * kModelMegabytes + 64);
  EXPECT_LT(many, 3 * kModelMegabytes + 64);
  EXPECT_GT(few, kModelMegabytes) << "the model itself was not seen";
}

/// Beside what a plain round takes, one model for the mean that comes out; of every site the shown parts of its keys, twice: as polynomials and as they came.
TEST(CoordinatorMemory, OfEncryptedRoundsDoesNotHoldUpdates) {
#if defined(CONSILIUM_SANITIZED)
  GTEST_SKIP() << "a sanitizer's own memory is most of it";
#endif
  constexpr double kShownMegabytes = 1;
  const double few = peak_megabytes(3, 2, R"({"encryption": {}})"), many = peak_megabytes(10, 2, R"({"encryption": {}})");
  RecordProperty("megabytes_3_sites", std::to_string(few));
  RecordProperty("megabytes_10_sites", std::to_string(many));
  EXPECT_LT(few, 4 * kModelMegabytes + 64 + 3 * kShownMegabytes);
  EXPECT_LT(many, 4 * kModelMegabytes + 64 + 10 * kShownMegabytes);
}

}  // namespace
}  // namespace consilium::fl
