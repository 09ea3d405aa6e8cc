#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "base/error.h"
#include "base/rng.h"
#include "fl/ledger/verify.h"
#include "tests/fl/ledger/signed_run.h"

namespace consilium::fl {
namespace {

using test::SignedRuns;

/// Goes on with the run until it is over.
void run_on(const SignedRuns& runs) {
  RunStore store = runs.store("run", test::toy_settings(8));
  auto saved = store.load();
  const bool is_new = !saved;
  Coordinator coordinator = is_new ? Coordinator(test::toy_settings(8), test::toy_model(), 0) : Coordinator(test::toy_settings(8), *std::move(saved), 0);
  if (is_new) store.save(coordinator.state());
  while (!coordinator.is_finished()) SignedRuns::close_round(coordinator, store, 0.5F);
}

/// In a child: nothing may leave it but its exit status, or it would clear up its parent's folder.
[[noreturn]] void run_on_and_exit(const SignedRuns& runs) {
  try {
    run_on(runs);
    std::_Exit(0);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    std::_Exit(3);
  }
}

/// kill -9 of the coordinator at any instant: rounds, entries and heads are all there or all not, and the next process goes on.
TEST(LedgerKills, RoundsAndLedgerAreNeverApart) {
  const SignedRuns runs;
  const fs::path file = runs.folder.path() / "run" / "run.sqlite";
  Rng rng(11);
  int kills = 0;
  std::size_t seen = 0;
  std::uint64_t longest_us = 40000;
  for (int status = 1; status != 0 && kills < 200; ++kills) {
    longest_us = std::min<std::uint64_t>(longest_us + longest_us / 4, 5000000);  // a busy machine needs longer to come to a round at all
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) run_on_and_exit(runs);
    ::usleep(static_cast<useconds_t>(5000 + rng.below(longest_us)));
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_FALSE(WIFEXITED(status) && WEXITSTATUS(status) != 0) << "what a kill left behind stops the next coordinator";
    if (!fs::exists(file)) continue;
    const Sqlite database(file, SqliteMode::kWrite);  // as the next coordinator opens it: a kill may have left a journal to be rolled back
    if (!database.has_table("ledger_entries")) continue;
    SqliteStatement count(database, "SELECT (SELECT COUNT(*) FROM rounds), (SELECT COUNT(*) FROM ledger_entries), (SELECT COUNT(*) FROM ledger_heads)");
    ASSERT_TRUE(count.step());
    ASSERT_EQ(count.integer(1), count.integer(2));
    if (count.integer(1) == 0) continue;
    ASSERT_EQ(count.integer(0) + 1, count.integer(1));
    const Ledger ledger = read_ledger(database);
    ASSERT_GE(ledger.entries.size(), seen) << "an entry that was there is gone";
    if (ledger.entries.size() > seen) longest_us = std::max<std::uint64_t>(40000, longest_us * 2 / 3);
    seen = ledger.entries.size();
    LedgerVerdict verdict = verify(ledger, {.authority = runs.authority()});
    compare_with_run(ledger, file.parent_path(), verdict);
    ASSERT_TRUE(verdict.holds()) << verdict.first_fault();
  }
  EXPECT_EQ(seen, 10U);  // the run, eight rounds, the last look
  EXPECT_GE(kills, 4);
}

}  // namespace
}  // namespace consilium::fl
