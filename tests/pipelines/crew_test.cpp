#include "pipelines/crew.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <thread>

#include "base/files.h"
#include "tests/support/process.h"
#include "tests/support/refusal.h"

namespace consilium::pipelines {
namespace {

using testing::HasSubstr;

/// Variables of the environment for a scope; all that name ranks are unset first.
class Environment {
 public:
  explicit Environment(const std::map<std::string, std::string>& variables) {
    for (const char* name : kNames) unsetenv(name);
    for (const auto& [name, value] : variables) setenv(name.c_str(), value.c_str(), 1);
  }
  ~Environment() {
    for (const char* name : kNames) unsetenv(name);
  }

 private:
  static constexpr const char* kNames[] = {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "PMI_RANK", "PMI_SIZE", "SLURM_PROCID", "SLURM_NTASKS"};
};

TEST(Rank, ComesFromTheEnginesVariables) {
  const auto rank = [](const std::map<std::string, std::string>& variables) {
    const Environment environment(variables);
    return rank_from_environment();
  };
  EXPECT_EQ(rank({}), (Rank{0, 1}));
  EXPECT_EQ(rank({{"OMPI_COMM_WORLD_RANK", "2"}, {"OMPI_COMM_WORLD_SIZE", "3"}}), (Rank{2, 3}));
  EXPECT_EQ(rank({{"PMI_RANK", "1"}, {"PMI_SIZE", "4"}}), (Rank{1, 4}));
  EXPECT_EQ(rank({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}}), (Rank{0, 8}));
  EXPECT_EQ(rank({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}, {"OMPI_COMM_WORLD_RANK", "2"}, {"OMPI_COMM_WORLD_SIZE", "3"}}), (Rank{2, 3}));  // mpirun within an allocation
  EXPECT_TRUE(rank({{"SLURM_NTASKS", "8"}}).is_alone());
  for (const char* number : {"3", "-1", "x", ""}) EXPECT_THAT(test::refusal(ErrorCode::kUsage, [&] { rank({{"PMI_RANK", number}, {"PMI_SIZE", "3"}}); }), HasSubstr("is no rank")) << number;
}

TEST(Crew, EveryPieceIsDoneOnceWhoeverDoesIt) {
  const TemporaryFolder folder;
  constexpr std::size_t kPieces = 20;
  std::atomic<int> done[kPieces] = {};
  const auto file = [&](std::size_t n) { return folder.path() / ("result_" + std::to_string(n)); };
  std::vector<std::jthread> ranks;
  for (std::size_t number = 0; number < 3; ++number)
    ranks.emplace_back([&, number] {
      const Crew crew({number, 3}, folder.path() / "claims", nullptr);
      crew.share("pieces", kPieces, [&](std::size_t n) { return fs::exists(file(n)); }, [&](std::size_t n) {
        ++done[n];
        write_file(file(n), "");
      });
      for (std::size_t n = 0; n < kPieces; ++n) EXPECT_TRUE(fs::exists(file(n)));
    });
  ranks.clear();
  for (const auto& count : done) EXPECT_EQ(count, 1);
}

TEST(Crew, WhatADeadRankHadClaimedIsDoneByAnother) {
  const TemporaryFolder folder;
  const fs::path claims = folder.path() / "claims", started = folder.path() / "started", result = folder.path() / "result";
  const pid_t child = fork();
  if (child == 0) {
    const Crew crew({1, 2}, claims, nullptr);
    crew.share("pieces", 1, [&](std::size_t) { return fs::exists(result); }, [&](std::size_t) {
      write_file(started, "");
      pause();
    });
    _exit(1);
  }
  ASSERT_TRUE(test::wait_until([&] { return fs::exists(started); }));
  std::atomic<bool> killed = false;
  std::jthread killer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // the other rank looks in vain for a while
    killed = true;
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  });
  Crew({0, 2}, claims, nullptr).share("pieces", 1, [&](std::size_t) { return fs::exists(result); }, [&](std::size_t) {
    EXPECT_TRUE(killed);
    write_file(result, "");
  });
}

TEST(Crew, AnErrorOrAStopEndsTheRank) {
  const TemporaryFolder folder;
  const auto never = [](std::size_t) { return false; };
  const Crew crew({0, 2}, folder.path(), nullptr);
  EXPECT_EQ(test::refusal(ErrorCode::kMismatch, [&] { crew.share("a", 4, never, [](std::size_t) { throw Error(ErrorCode::kMismatch, "no"); }); }), "no");
  EXPECT_THAT(test::refusal(ErrorCode::kUnexpected, [&] { crew.share("b", 4, never, [](std::size_t) {}); }), HasSubstr("left no result"));
  const std::atomic<bool> stop = true;
  test::refusal(ErrorCode::kInterrupted, [&] { Crew({0, 2}, folder.path(), &stop).share("c", 4, never, [](std::size_t) {}); });
}

TEST(Crew, TurnsDoNotOverlap) {
  const TemporaryFolder folder;
  std::atomic<int> inside = 0, turns = 0;
  std::vector<std::jthread> ranks;
  for (std::size_t number = 0; number < 4; ++number)
    ranks.emplace_back([&, number] {
      const Crew crew({number, 4}, folder.path(), nullptr);
      for (int n = 0; n < 5; ++n)
        crew.in_turn("store", [&] {
          EXPECT_EQ(++inside, 1);
          ++turns;
          --inside;
        });
    });
  ranks.clear();
  EXPECT_EQ(turns, 20);
}

}  // namespace
}  // namespace consilium::pipelines
