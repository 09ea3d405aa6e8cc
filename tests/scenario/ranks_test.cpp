#include <map>

#include "tests/scenario/tiny_federation.h"
#include "tests/support/timeless.h"

namespace consilium {
namespace {

using test::wait_until;
using testing::HasSubstr;

/// A simulation that several ranks share through its folder.
class Ranks : public test::TinyFederation {
 protected:
  Ranks() {
    for (const char* name : {"east", "west"}) test::write_tiny_site(path(std::string("data/") + name), name, 3, 1, name[0]);
  }
  void write_settings(std::int64_t rounds, std::int64_t steps) const {
    write_json("simulation.json", {{"data", "data"}, {"sites", {{{"name", "east"}}, {{"name", "west"}}}}, {"training", training(rounds, steps)}});
  }
  std::vector<std::string> simulate(const std::string& run) const { return {"simulate", path("simulation.json"), "-o", path(run), "--threads", "1"}; }
  /// As srun starts it.
  std::unique_ptr<test::Process> rank(int number, int count, const std::string& run) const {
    std::vector<std::string> words{"/usr/bin/env", "SLURM_PROCID=" + std::to_string(number), "SLURM_NTASKS=" + std::to_string(count)};
    for (const std::string& word : command(simulate(run))) words.push_back(word);
    return std::make_unique<test::Process>(words);
  }

  /// A file that was being written, or an update of a round that was just closed: nobody reads them again.
  static bool is_left_by_a_kill(const fs::path& file) { return file.filename().string().starts_with(".partial-") || file.string().find("/federation/updates/") != std::string::npos; }

  /// Models, predictions, pictures and the federation's checkpoints, by their path in the run.
  std::map<std::string, std::string> files(const std::string& run) const {
    std::map<std::string, std::string> found;
    for (const char* folder : {"models", "predictions", "references", "images", "federation"})
      for (const auto& entry : fs::recursive_directory_iterator(path(run) + "/" + folder))
        if (entry.is_regular_file() && !is_left_by_a_kill(entry.path()) && (entry.path().extension() == ".safetensors" || entry.path().extension() == ".gz"))
          found[fs::relative(entry.path(), path(run)).string()] = read_file(entry.path());
    return found;
  }
  Json timeless(const std::string& run) const { return test::timeless(read_json(path(run + "/results.json"))); }
  void expect_same(const std::string& a, const std::string& b) const {
    const auto expected = files(a), found = files(b);
    for (const auto& [name, bytes] : expected) {
      ASSERT_TRUE(found.contains(name)) << name;
      EXPECT_EQ(found.at(name) == bytes, true) << name;
    }
    EXPECT_EQ(found.size(), expected.size());
    EXPECT_EQ(timeless(a), timeless(b));
  }
};

TEST_F(Ranks, ThreeUnderMpirunGiveTheBytesOfOne) {
  if (!fs::exists("/usr/bin/mpirun")) GTEST_SKIP() << "mpirun is not installed (openmpi-bin)";
  write_settings(2, 6);
  ok(simulate("alone"));
  // As root, and with more ranks than cores: so are tests run.
  std::vector<std::string> words{"/usr/bin/mpirun", "--allow-run-as-root", "--oversubscribe", "-n", "3"};
  for (const std::string& word : command(simulate("ranks"))) words.push_back(word);
  const auto outcome = test::run_program(words);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("all sites"));
  EXPECT_EQ(outcome.out.find("pooled: "), outcome.out.rfind("pooled: ")) << "every rank has printed the results";
  expect_same("alone", "ranks");
}

TEST_F(Ranks, WhenOneDiesTheOthersDoItsWork) {
  write_settings(kRounds, kStepsPerRound);
  ok(simulate("alone"));
  auto first = rank(0, 3, "ranks"), second = rank(1, 3, "ranks"), third = rank(2, 3, "ranks");
  ASSERT_TRUE(wait_until([&] { return fs::exists(path("ranks/models/pooled/progress.json")); })) << first->err();
  first->signal(SIGKILL);  // it prints the results when it lives
  ASSERT_TRUE(wait_until([&] { return fs::exists(path("ranks/federation/updates/round_1")); }, 120)) << second->err() << third->err();
  second->signal(SIGKILL);
  EXPECT_EQ(third->wait(120), 0) << third->err();
  expect_same("alone", "ranks");
}

TEST_F(Ranks, AreStoppedInOrderAndGoOn) {
  write_settings(kRounds, kStepsPerRound);
  auto first = rank(0, 2, "ranks"), second = rank(1, 2, "ranks");
  ASSERT_TRUE(wait_until([&] { return fs::exists(path("ranks/models/pooled/progress.json")) && first->handles(SIGTERM) && second->handles(SIGTERM); })) << first->err();
  for (const auto& process : {first.get(), second.get()}) process->signal(SIGTERM);  // what mpirun and scancel send
  for (const auto& process : {first.get(), second.get()}) EXPECT_EQ(process->wait(20), 130) << process->err();
  auto again = rank(0, 2, "ranks");  // of two, but the other never comes
  EXPECT_EQ(again->wait(120), 0) << again->err();
  ok(simulate("alone"));
  expect_same("alone", "ranks");
}

TEST_F(Ranks, ARunOfOneProcessIsNotJoined) {
  write_settings(kRounds, kStepsPerRound);
  auto alone = start(simulate("run"));
  ASSERT_TRUE(wait_until([&] { return fs::exists(path("run/models/pooled/progress.json")); })) << alone->err();
  auto other = rank(1, 2, "run");
  EXPECT_EQ(other->wait(30), static_cast<int>(ErrorCode::kCannotWrite));
  EXPECT_THAT(other->err(), HasSubstr("another consilium process"));
}

}  // namespace
}  // namespace consilium
