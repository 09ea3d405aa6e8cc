#include "fl/ledger/witness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/text.h"
#include "fl/ledger/commitment.h"
#include "fl/ledger/lines_file.h"
#include "tests/fl/ledger/signed_run.h"

namespace consilium::fl {
namespace {

using test::SignedRuns;
using testing::HasSubstr;

/// A run and the site "east" that watches its ledger.
class LedgerWitness : public testing::Test {
 protected:
  LedgerWitness() : store_(runs_.store("run")), coordinator_(test::toy_settings(), test::toy_model(), 0) { store_.save(coordinator_.state()); }

  fs::path site() const { return runs_.folder.path() / "east"; }
  Witness witness() const { return Witness({.folder = site(), .site = "east", .authority = runs_.authority(), .clock = [] { return 1; }}); }
  AnnouncedModel announced() const { return {store_.federation(), coordinator_.plan(), false, 0}; }
  Witness::Ask asking(const std::string& run) const {
    return [this, run](const LedgerQuestion& question) { return std::optional(prove(Sqlite(runs_.folder.path() / run / "run.sqlite", SqliteMode::kRead), question)); };
  }
  std::vector<std::string> check(Witness& witness) { return witness.check(*store_.ledger_head(), announced(), asking("run")); }
  /// The round closes with this site's update among them, if it is remembered.
  void close_round(float delta = 1) { SignedRuns::close_round(coordinator_, store_, delta, std::string(64, 'a')); }
  void expect_alarm(const std::function<void()>& look, const std::string& words) {
    try {
      look();
      FAIL() << "no alarm";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kRefused);
      EXPECT_THAT(error.what(), HasSubstr(words));
      EXPECT_THAT(error.what(), HasSubstr("alarm.json"));
    }
    const Json evidence = read_json(site() / "alarm.json");
    EXPECT_THAT(evidence.at("why").get<std::string>(), HasSubstr(words));
    EXPECT_FALSE(evidence.at("shown").is_null());
    EXPECT_THROW(witness(), Error);  // also after a restart
  }

  SignedRuns runs_;
  RunStore store_;
  Coordinator coordinator_;
};

TEST_F(LedgerWitness, FollowsAnHonestLedgerOverRestartsAndKeepsEveryHead) {
  { Witness first = witness(); first.keep_update(std::string(64, 'a'), std::string(32, 'n'), "{}"); EXPECT_TRUE(check(first).empty()); }
  for (int round = 0; round < 3; ++round) {
    close_round();
    Witness again = witness();
    EXPECT_TRUE(check(again).empty());
    EXPECT_TRUE(check(again).empty());
  }
  const std::vector<SignedHead> kept = read_heads(site() / "heads.jsonl");
  ASSERT_EQ(kept.size(), 4U);
  EXPECT_EQ(kept.back(), *store_.ledger_head());
  const Ledger ledger = read_ledger(Sqlite(runs_.folder.path() / "run" / "run.sqlite", SqliteMode::kRead));
  EXPECT_NO_THROW(witness().check_whole(ledger));
}

TEST_F(LedgerWitness, ASiteThatWasAwayForRoundsIsShownWhatItMissed) {
  { Witness first = witness(); check(first); }
  close_round();
  close_round();
  Witness later = witness();
  // It never sent what the ledger says it did.
  expect_alarm([&] { check(later); }, "which it has not sent");
}

TEST_F(LedgerWitness, AnUpdateThatDidNotCountIsToldAndNoAlarm) {
  { Witness first = witness(); check(first); }
  for (const char* name : {"north", "west"}) {
    Update update = test::toy_update(coordinator_.plan(), 1, 3);
    coordinator_.receive(name, update);
  }
  ASSERT_TRUE(coordinator_.advance(1e9).has_value());
  store_.save(coordinator_.state());
  Witness later = witness();
  EXPECT_THAT(check(later), testing::ElementsAre(HasSubstr("round 1 counts without this site (late)")));
}

TEST_F(LedgerWitness, AnUpdateOfASecondProcessIsToldWhenTheCoordinatorSaidSo) {
  { Witness first = witness(); check(first); first.note_duplicate(0); first.note_duplicate(0); }
  close_round();
  Witness later = witness();
  EXPECT_THAT(check(later), testing::ElementsAre(HasSubstr("in round 1 an update in this site's name counted which it has not sent")));
  close_round();
  expect_alarm([&] { check(later); }, "which it has not sent");
}

TEST_F(LedgerWitness, TwoHeadsOfOneSizeRaiseTheAlarm) {
  Witness east = witness();
  east.keep_update(std::string(64, 'a'), std::string(32, 'n'), "{}");
  check(east);
  close_round();
  check(east);
  // The same run, key and size, another history: what a coordinator would show to somebody else.
  SignedHead other = *store_.ledger_head();
  other.head.root = std::string(64, '1');
  other = sign_head(other.head, SigningKey::open(runs_.folder.path() / "run" / "ledger.key"));
  expect_alarm([&] { east.check(other, announced(), asking("run")); }, "the ledger is split: two heads of 2 entries");
}

/// A whole second history by the same key, shown by a coordinator that was forked with its folder.
TEST_F(LedgerWitness, AForkedCoordinatorRaisesTheAlarm) {
  Witness east = witness();
  east.keep_update(std::string(64, 'a'), std::string(32, 'n'), "{}");
  check(east);
  close_round();
  fs::copy(runs_.folder.path() / "run", runs_.folder.path() / "fork", fs::copy_options::recursive);
  RunStore fork = runs_.store("fork");
  Coordinator forked(test::toy_settings(), *fork.load(), 0);
  close_round(1);
  SignedRuns::close_round(forked, fork, 2);
  SignedRuns::close_round(forked, fork, 2);
  check(east);
  expect_alarm([&] { east.check(*fork.ledger_head(), {fork.federation(), forked.plan(), false, 0}, asking("fork")); }, "does not continue");
}

TEST_F(LedgerWitness, AnotherSitesHeadOfASplitViewRaisesTheAlarm) {
  Witness east = witness();
  east.keep_update(std::string(64, 'a'), std::string(32, 'n'), "{}");
  check(east);
  close_round();
  SignedHead other = *store_.ledger_head();
  other.head.root = std::string(64, '2');
  other = sign_head(other.head, SigningKey::open(runs_.folder.path() / "run" / "ledger.key"));
  const CoSignature heard = co_sign(other, runs_.pems("north"));
  const auto gossip = [&](const LedgerQuestion& question) {
    auto proof = asking("run")(question);
    proof->cosignatures.push_back(heard);
    return proof;
  };
  expect_alarm([&] { east.check(*store_.ledger_head(), announced(), gossip); }, "another site has seen 2 entries");
}

TEST_F(LedgerWitness, WhatIsNotSignedByBothIsNoEvidence) {
  Witness east = witness();
  SignedHead other = *store_.ledger_head();
  other.head.root = std::string(64, '2');  // the coordinator's signature does not fit any more
  SignedHead own = sign_head(other.head, SigningKey::open(runs_.folder.path() / "run" / "ledger.key"));
  CoSignature stranger = co_sign(own, runs_.pems("north"));
  stranger.head.head.unix_seconds += 1;  // the site's does not
  const auto gossip = [&](const LedgerQuestion& question) {
    auto proof = asking("run")(question);
    proof->cosignatures = {co_sign(other, runs_.pems("north")), stranger};
    return proof;
  };
  EXPECT_NO_THROW(east.check(*store_.ledger_head(), announced(), gossip));
}

TEST_F(LedgerWitness, ALedgerThatWentBackRaisesTheAlarm) {
  Witness east = witness();
  east.keep_update(std::string(64, 'a'), std::string(32, 'n'), "{}");
  const SignedHead old = *store_.ledger_head();
  const AnnouncedModel then = announced();
  close_round();
  check(east);
  expect_alarm([&] { east.check(old, then, asking("run")); }, "it went back");
}

TEST_F(LedgerWitness, AModelThatIsNotInTheLedgerRaisesTheAlarm) {
  Witness east = witness();
  check(east);
  close_round();
  AnnouncedModel other = announced();
  other.plan.base_digest = std::string(64, '3');
  expect_alarm([&] { east.check(*store_.ledger_head(), other, asking("run")); }, "the announced model is not the one in the ledger");
}

TEST_F(LedgerWitness, ACoordinatorWithoutProofRaisesTheAlarm) {
  Witness east = witness();
  expect_alarm([&] { east.check(*store_.ledger_head(), announced(), [](const LedgerQuestion&) { return std::nullopt; }); }, "does not prove");
}

TEST_F(LedgerWitness, AnotherKeyRaisesTheAlarm) {
  Witness east = witness();
  check(east);
  const SigningKey other = SigningKey::of_seed(std::string(32, 'k'));
  expect_alarm([&] { east.check(sign_head({store_.federation(), 2, std::string(64, '4'), 0}, other), announced(), asking("run")); }, "is not signed by the ledger's key");
}

TEST_F(LedgerWitness, ALedgerWithoutWhatWasSeenDoesNotPassAtTheEnd) {
  Witness east = witness();
  east.keep_update(std::string(64, 'a'), std::string(32, 'n'), "{}");
  check(east);
  close_round();
  check(east);
  Ledger ledger = read_ledger(Sqlite(runs_.folder.path() / "run" / "run.sqlite", SqliteMode::kRead));
  ledger.entries.pop_back();
  ledger.heads.pop_back();
  expect_alarm([&] { east.check_whole(ledger); }, "the ledger does not hold");
}

TEST(Commitment, IsForOneUpdateAndHidesIt) {
  const Update update = test::toy_update({2, 3, std::string(64, 'b'), "{}"}, 1, 3);
  const ChunkList weights = chunk_list("weights");
  const std::string nonce(32, 'n'), made = commitment(nonce, update, weights, Codec::kNone);
  EXPECT_EQ(made, commitment(nonce, update, weights, Codec::kNone));
  EXPECT_NE(made, commitment(std::string(32, 'm'), update, weights, Codec::kNone));
  EXPECT_NE(made, commitment(nonce, update, chunk_list("weightz"), Codec::kNone));
  Update more = update;
  more.cases_per_group["trunk"] += 1;
  EXPECT_NE(made, commitment(nonce, more, weights, Codec::kNone));
  EXPECT_THROW(commitment("short", update, weights, Codec::kNone), Error);
}

TEST(LinesFile, ALineThatAKillCutOffIsNotThere) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "lines";
  append_line(file, "one");
  append_line(file, "two");
  fs::resize_file(file, 6);  // "one\ntw"
  EXPECT_EQ(read_lines(file), std::vector<std::string>{"one"});
  append_line(file, "three");
  EXPECT_EQ(read_lines(file), (std::vector<std::string>{"one", "three"}));
}

}  // namespace
}  // namespace consilium::fl
