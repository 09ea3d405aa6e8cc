#include "fl/ledger/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/text.h"
#include "fl/ledger/entry.h"
#include "models/state/safetensors.h"
#include "tests/fl/ledger/signed_run.h"

namespace consilium::fl {
namespace {

using test::SignedRuns;
using testing::HasSubstr;

class LedgerVerify : public testing::Test {
 protected:
  LedgerVerify() : ledger_(runs_.finished("run")) {
    for (const SignedHead& head : ledger_.heads)
      for (const char* site : {"east", "west"}) ledger_.cosignatures.push_back(co_sign(head, runs_.pems(site)));
  }
  LedgerVerdict checked(const Ledger& ledger) const { return verify(ledger, {.authority = runs_.authority(), .kept = {{"kept", ledger_.heads}}}); }
  /// Does a ledger's file pass, with nothing but the authority to go by?
  bool passes(const std::string& text) const {
    try {
      return verify(parse_ledger(text, "file"), {.authority = runs_.authority()}).holds();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
      return false;
    }
  }

  SignedRuns runs_;
  Ledger ledger_;
};

TEST_F(LedgerVerify, AWholeRunHolds) {
  const LedgerVerdict verdict = checked(ledger_);
  EXPECT_TRUE(verdict.holds()) << verdict.first_fault();
  EXPECT_EQ(verdict.entries, 5U);  // the run, three rounds, the last look
  EXPECT_EQ(verdict.heads, 5U);
  EXPECT_EQ(verdict.witnesses, (std::vector<std::string>{"east", "west"}));
  EXPECT_TRUE(verdict.open.empty()) << verdict.open.front();
  EXPECT_EQ(parse_ledger(to_text(ledger_), "file"), ledger_);
}

TEST_F(LedgerVerify, NoFlippedBitOfTheFilePasses) {
  Ledger small = ledger_;
  small.entries.resize(2);
  small.heads.resize(2);
  small.cosignatures.resize(1);
  const std::string text = to_text(small);
  ASSERT_TRUE(passes(text));
  // A bit of every byte: key, certificates, entries, heads and signatures of every kind are among them.
  for (std::size_t byte = 0; byte < text.size(); ++byte) {
    std::string changed = text;
    changed[byte] = static_cast<char>(changed[byte] ^ (1 << byte % 8));
    ASSERT_FALSE(passes(changed)) << "byte " << byte << " of " << text.size() << ": " << text.substr(byte > 20 ? byte - 20 : 0, 40);
  }
}

TEST_F(LedgerVerify, NoDroppedOrExchangedEntryPasses) {
  for (std::size_t n = 0; n < ledger_.entries.size(); ++n) {
    Ledger dropped = ledger_;
    dropped.entries.erase(dropped.entries.begin() + static_cast<std::ptrdiff_t>(n));
    EXPECT_FALSE(verify(dropped).damage.empty()) << n;
    Ledger doubled = ledger_;
    doubled.entries.insert(doubled.entries.begin() + static_cast<std::ptrdiff_t>(n), ledger_.entries[n]);
    EXPECT_FALSE(verify(doubled).damage.empty()) << n;
    for (std::size_t m = 0; m < n; ++m) {
      Ledger exchanged = ledger_;
      std::swap(exchanged.entries[n], exchanged.entries[m]);
      EXPECT_FALSE(verify(exchanged).damage.empty()) << n << " and " << m;
    }
  }
}

TEST_F(LedgerVerify, ALedgerThatWasCutOffIsFoundByAHeadThatASiteKept) {
  Ledger cut = ledger_;
  cut.entries.pop_back();
  cut.heads.pop_back();
  cut.cosignatures.resize(cut.cosignatures.size() - 2);
  EXPECT_TRUE(verify(cut, {.authority = runs_.authority()}).holds());  // it was true once: only a later head knows more
  const LedgerVerdict verdict = checked(cut);
  ASSERT_EQ(verdict.mismatches.size(), 1U);
  EXPECT_THAT(verdict.mismatches[0], HasSubstr("the ledger has only 4"));
}

/// Whoever holds the key can write a ledger anew; not so that it fits what others have kept.
TEST_F(LedgerVerify, ALedgerThatWasWrittenAnewIsFoundByAHeadThatASiteKept) {
  const SigningKey key = SigningKey::open(runs_.folder.path() / "run" / "ledger.key");
  Ledger forged = ledger_;
  forged.heads.clear();
  forged.cosignatures.clear();
  LedgerEntry last = parse_entry(forged.entries.back(), "last");
  std::get<RoundEntry>(last).participants.erase(std::get<RoundEntry>(last).participants.begin());
  forged.entries.back() = to_text(std::get<RoundEntry>(last));
  forged.heads.push_back(sign_head({ledger_.key->federation, forged.entries.size(), to_hexadecimal(tree_root(leaf_hashes(forged.entries))), 0}, key));
  EXPECT_TRUE(verify(forged, {.authority = runs_.authority()}).holds());
  const LedgerVerdict verdict = checked(forged);
  ASSERT_EQ(verdict.mismatches.size(), 1U);
  EXPECT_THAT(verdict.mismatches[0], HasSubstr("has another root"));
}

TEST_F(LedgerVerify, AKeyOfAnotherAuthorityDoesNotCount) {
  const SignedRuns others;
  const LedgerVerdict verdict = verify(ledger_, {.authority = others.authority()});
  ASSERT_FALSE(verdict.damage.empty());
  EXPECT_THAT(verdict.damage[0], HasSubstr("not signed by this federation's authority"));
}

TEST_F(LedgerVerify, ASiteCannotVouchForALedgersKey) {
  Ledger forged = ledger_;
  forged.key = certify_ledger_key(SigningKey::of_seed(std::string(32, 'x')), ledger_.key->federation, runs_.pems("east"));
  EXPECT_THAT(verify(forged, {.authority = runs_.authority()}).damage[0], HasSubstr("is not that of a coordinator"));
}

TEST_F(LedgerVerify, ACoordinatorCannotCoSign) {
  Ledger forged = ledger_;
  forged.cosignatures.push_back(co_sign(ledger_.heads.back(), runs_.pems("hub", Role::kCoordinator)));
  EXPECT_THAT(verify(forged).damage[0], HasSubstr("is not that of a site"));
}

TEST_F(LedgerVerify, ReportsAndModelsOfTheRunAreCompared) {
  const fs::path run = runs_.folder.path() / "run";
  LedgerVerdict verdict = verify(ledger_);
  compare_with_run(ledger_, run, verdict);
  EXPECT_TRUE(verdict.holds()) << verdict.first_fault();
  EXPECT_EQ(verdict.reports, 4U);
  EXPECT_GE(verdict.models, 1U);
  {
    const Sqlite database(run / "run.sqlite", SqliteMode::kWrite);
    database.run("UPDATE participation SET cases = 4 WHERE round = 1 AND site = 'north'");
  }
  LedgerVerdict changed = verify(ledger_);
  compare_with_run(ledger_, run, changed);
  ASSERT_EQ(changed.mismatches.size(), 1U);
  EXPECT_THAT(changed.mismatches[0], HasSubstr("report of round 1 is not the one"));
  for (const auto& model : fs::directory_iterator(run / "models")) write_safetensors(model.path(), test::toy_model(9));
  LedgerVerdict exchanged = verify(ledger_);
  compare_with_run(ledger_, run, exchanged);
  EXPECT_THAT(exchanged.mismatches.back(), HasSubstr("is not the model that was entered"));
}

TEST_F(LedgerVerify, ARunThatSignsNothingSaysSo) {
  const TemporaryFolder folder;
  {
    RunStore store(folder.path(), test::toy_settings());
    Coordinator coordinator(test::toy_settings(), test::toy_model(), 0);
    store.save(coordinator.state());
    while (!coordinator.is_finished()) SignedRuns::close_round(coordinator, store);
  }
  const LedgerVerdict verdict = verify(read_ledger(Sqlite(folder.path() / "run.sqlite", SqliteMode::kRead)));
  EXPECT_TRUE(verdict.holds());
  EXPECT_EQ(verdict.heads, 0U);
  EXPECT_THAT(verdict.open, testing::Contains(HasSubstr("nobody has signed")));
}

TEST_F(LedgerVerify, AnEntryTellsNoCountAndNoScoreOfASite) {
  for (const std::string& entry : ledger_.entries) {
    if (entry.find("\"kind\":\"run\"") != std::string::npos) continue;
    for (const char* word : {"cases", "validation", "loss", "metrics"}) EXPECT_EQ(entry.find(word), std::string::npos) << entry;
  }
}

TEST(LedgerBook, TakesUpARunThatHadRoundsBeforeItHadALedger) {
  const SignedRuns runs;
  Coordinator coordinator(test::toy_settings(), test::toy_model(), 0);
  {
    RunStore store(runs.folder.path() / "run", test::toy_settings());
    store.save(coordinator.state());
    SignedRuns::close_round(coordinator, store);
    Sqlite(runs.folder.path() / "run" / "run.sqlite", SqliteMode::kWrite).run("DROP TABLE ledger_entries; DROP TABLE ledger_heads; DROP TABLE ledger_key; DROP TABLE ledger_cosignatures");
  }
  RunStore store = runs.store("run");
  EXPECT_EQ(store.load()->reports.size(), 1U);
  while (!coordinator.is_finished()) SignedRuns::close_round(coordinator, store);
  const Ledger ledger = read_ledger(Sqlite(runs.folder.path() / "run" / "run.sqlite", SqliteMode::kRead));
  EXPECT_EQ(std::get<RunEntry>(parse_entry(ledger.entries[0], "first")).first_round, 2);
  const LedgerVerdict verdict = verify(ledger, {.authority = runs.authority()});
  EXPECT_TRUE(verdict.holds()) << verdict.first_fault();
}

TEST(LedgerBook, GoesOnAfterARestartAndKeepsItsKey) {
  const SignedRuns runs;
  Coordinator coordinator(test::toy_settings(), test::toy_model(), 0);
  {
    RunStore store = runs.store("run");
    store.save(coordinator.state());
    store.save(coordinator.state());  // a second time changes nothing
  }
  {
    RunStore store = runs.store("run");
    SignedRuns::close_round(coordinator, store);
  }
  EXPECT_EQ(read_ledger(Sqlite(runs.folder.path() / "run" / "run.sqlite", SqliteMode::kRead)).heads.size(), 2U);
  fs::remove(runs.folder.path() / "run" / "ledger.key");
  try {
    runs.store("run");
    FAIL() << "another key signs an old ledger";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kMismatch);
    EXPECT_THAT(error.what(), HasSubstr("signed by another key"));
  }
}

/// A transaction that fails takes its entry and head with it.
TEST(LedgerBook, AnEntryIsThereExactlyWhenItsRoundIs) {
  const SignedRuns runs;
  RunStore store = runs.store("run");
  Coordinator coordinator(test::toy_settings(), test::toy_model(), 0);
  store.save(coordinator.state());
  const fs::path file = runs.folder.path() / "run" / "run.sqlite";
  Sqlite(file, SqliteMode::kWrite).run("CREATE TRIGGER full BEFORE INSERT ON ledger_heads BEGIN SELECT RAISE(ABORT, 'disk full'); END");
  EXPECT_THROW(SignedRuns::close_round(coordinator, store), Error);
  const auto rounds = [&] {
    const Sqlite database(file, SqliteMode::kRead);
    return std::pair{read_reports(database).size(), read_ledger(database).entries.size()};
  };
  EXPECT_EQ(rounds(), (std::pair<std::size_t, std::size_t>{0, 1}));
  Sqlite(file, SqliteMode::kWrite).run("DROP TRIGGER full");
  store.save(coordinator.state());
  EXPECT_EQ(rounds(), (std::pair<std::size_t, std::size_t>{1, 2}));
  EXPECT_TRUE(verify(read_ledger(Sqlite(file, SqliteMode::kRead)), {.authority = runs.authority()}).holds());
}

}  // namespace
}  // namespace consilium::fl
