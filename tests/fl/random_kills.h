#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"
#include "fl/keys.h"
#include "fl/ledger/ledger_book.h"
#include "fl/ledger/verify.h"
#include "fl/run_in_process.h"
#include "models/state/safetensors.h"
#include "tests/fl/noise_trainer.h"
#include "tests/support/process.h"

namespace consilium::fl::test {

using consilium::test::Process;
using consilium::test::wait_until;

inline const std::vector<std::string> kKilledSites{"east", "north", "western"};

/// kill -9 at random instants, over all processes of a federation: the final model is the undisturbed one, bit for bit.
class RandomKills : public testing::Test {
 protected:
  explicit RandomKills(std::vector<std::string> sites = kKilledSites) : sites_(std::move(sites)) {
    init_authority(keys());
    issue_certificate(keys(), "hub", {.role = Role::kCoordinator, .hosts = {"127.0.0.1"}});
    for (const std::string& name : sites_) issue_certificate(keys(), name);
  }
  fs::path keys() const { return folder_.path() / "keys"; }
  fs::path run() const { return folder_.path() / ("run_" + std::to_string(runs_)); }

  void start(std::int64_t rounds, int milliseconds) {
    ++runs_;
    rounds_ = rounds;
    milliseconds_ = milliseconds;
    processes_.clear();
    processes_.resize(1 + sites_.size());
    start_one(0);
    ASSERT_TRUE(wait_until([&] { return fs::exists(run() / "hub" / "address"); })) << processes_[0]->err();
    address_ = read_file(run() / "hub" / "address");
    address_.pop_back();
    for (std::size_t n = 1; n < processes_.size(); ++n) start_one(n);
  }
  /// 0: the coordinator, else a site.
  void start_one(std::size_t n) {
    const std::string program = CONSILIUM_BINARY_DIR "/bin/toy_process";
    std::vector<std::string> words{program, "coordinator", keys().string(), (run() / "hub").string(), address_.empty() || n != 0 ? "127.0.0.1:0" : address_, std::to_string(rounds_), std::to_string(kNoiseParameters), protection_};
    words.insert(words.end(), sites_.begin(), sites_.end());
    if (n > 0) words = {program, "site", keys().string(), sites_[n - 1], (run() / sites_[n - 1]).string(), address_, std::to_string(milliseconds_)};
    processes_[n] = std::make_unique<Process>(words);
  }
  void kill_and_start(std::size_t n) {
    processes_[n]->signal(SIGKILL);
    processes_[n]->wait();
    trained_ += trainings_of(n);
    start_one(n);
  }
  std::int64_t trainings_of(std::size_t n) const {
    if (n == 0) return 0;
    const std::string told = processes_[n]->err();
    std::int64_t count = 0;
    for (auto at = told.find(": training"); at != std::string::npos; at = told.find(": training", at + 1)) ++count;
    return count;
  }
  bool is_over() {
    return std::none_of(processes_.begin(), processes_.end(), [](const auto& process) { return process->running(); });
  }
  /// Every process has ended well, and left the undisturbed model.
  void expect_undisturbed() {
    for (const auto& process : processes_) EXPECT_EQ(process->wait(120), 0) << process->err();
    const TemporaryFolder calm;
    std::vector<std::unique_ptr<NoiseTrainer>> trainers;
    std::vector<std::pair<std::string, Trainer*>> named;
    for (const std::string& site : sites_) named.emplace_back(site, trainers.emplace_back(std::make_unique<NoiseTrainer>(site, 0)).get());
    FederationSettings settings{.sites = sites_, .rounds = rounds_, .quorum = static_cast<std::int64_t>(sites_.size())};
    const Json protection = parse_json(protection_, "protection");
    SettingsReader reader(protection, "protection");
    read_protection_settings(reader, settings.protection);
    compare_groups(settings);
    const FinishedRun expected = run_in_process(settings, noise_model(), named, calm.path());
    for (const std::string& site : sites_) {
      const ModelState found = read_safetensors(run() / site / "model.safetensors").state;
      EXPECT_TRUE(found == expected.best) << site;
    }
    expect_ledgers();
  }
  /// Rounds and ledger were never apart, and no site has seen two histories.
  void expect_ledgers() {
    const Ledger ledger = read_ledger(Sqlite(run() / "hub" / "run.sqlite", SqliteMode::kRead));
    LedgerChecks checks{.authority = read_file(keys() / "ca.crt")};
    for (const std::string& site : sites_) {
      checks.kept.emplace_back(site, read_heads(run() / site / "ledger" / "heads.jsonl"));
      EXPECT_EQ(read_ledger_file(run() / site / "ledger.jsonl").entries, ledger.entries) << site;
    }
    LedgerVerdict verdict = verify(ledger, checks);
    compare_with_run(ledger, run() / "hub", verdict);
    EXPECT_TRUE(verdict.holds()) << verdict.first_fault();
    EXPECT_EQ(verdict.reports, static_cast<std::uint64_t>(rounds_) + 1);
  }
  /// Kills until there were so many, through as many federations as it takes.
  void disturb(int kills, std::uint64_t seed) {
    Rng rng(seed);
    int done = 0;
    while (done < kills) {
      address_.clear();
      trained_ = 0;
      start(12, 20);
      int here = 0;
      while (!is_over() && done < kills) {
        std::this_thread::sleep_for(std::chrono::milliseconds(rng.below(400)));
        const std::size_t victim = rng.below(processes_.size());
        if (!processes_[victim]->running()) continue;
        kill_and_start(victim);
        ++done;
        ++here;
      }
      expect_undisturbed();
      for (std::size_t n = 1; n < processes_.size(); ++n) trained_ += trainings_of(n);
      EXPECT_LE(trained_, static_cast<std::int64_t>(sites_.size()) * rounds_ + static_cast<std::int64_t>(sites_.size()) * here) << "a kill repeats at most one round of work";
      if (HasFailure()) FAIL() << "seed " << seed << ", after " << done << " kills";
    }
  }

  std::vector<std::string> sites_;
  TemporaryFolder folder_;
  int runs_ = 0, milliseconds_ = 0;
  std::int64_t rounds_ = 0, trained_ = 0;
  std::string address_, protection_ = "{}";
  std::vector<std::unique_ptr<Process>> processes_;
};

}  // namespace consilium::fl::test
