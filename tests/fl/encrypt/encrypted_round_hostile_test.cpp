#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fl/encrypt/encrypted_federation.h"

// Coordinators and sites that do not keep to the protocol.
namespace consilium::fl {
namespace {

using test::EncryptedFederation;
using test::expect_mean;
using testing::HasSubstr;

TEST(EncryptedRound, SitesOpenOneSumOnlyInARound) {
  EncryptedFederation federation(4);
  federation.reach(kOpen);
  federation.turn();  // all shares are given
  // A coordinator that begins anew hears of it, and waits.
  federation.names.pop_back();
  federation.open_round();
  EXPECT_FALSE(federation.run());
  EXPECT_THAT(federation.round->hindrance(), HasSubstr("site_03"));
  // One that keeps the shares and asks three of the sites for another sum: the difference would be the fourth's update. After a kill they still know.
  federation.change_stage = [](const std::string&, RoundStage& stage) {
    EncryptionStageBody body = parse_encryption_stage(stage.body);
    for (EncryptionMember& member : body.members) member.opened.clear();
    stage.body = encode(body);
  };
  federation.change_answer = [](const std::string& site, StageAnswer& answer) {
    if (answer.step != kCommit) return;
    EncryptionMember member = parse_encryption_member(answer.body, site);
    EXPECT_EQ(member.opened.size(), 4U);
    member.opened.clear();
    answer.body = encode(member);
  };
  for (const bool killed : {false, true}) {
    if (killed) federation.start("site_00");
    federation.declined.clear();
    federation.open_round();
    EXPECT_FALSE(federation.run());
    EXPECT_THAT(federation.declined.at("site_00"), HasSubstr("over other sites"));
  }
  // The same sites again, as after a kill of the coordinator.
  federation.change_answer = [](const std::string&, StageAnswer&) {};
  federation.names.emplace_back("site_03");
  federation.open_round();
  expect_mean(federation, federation.run(), federation.names);
}

TEST(EncryptedRound, SitesOpenOneSumOfKeysOnlyInAnAttempt) {
  EncryptedFederation federation(3);
  federation.turn();
  // A second commitment of another site in the same attempt, made when this site's c1 is known already: its signature is good.
  const RoundStage gathering{kEncryption, kEncryptionVersion, federation.round->attempt(), kCommit, encode(EncryptionStageBody{federation.round->key()}), {}};
  federation.round->begin(0);
  const RoundStage show = *federation.round->stage_for("site_00");
  const auto answer_to = [&](const std::string& site, const RoundStage& stage) { return *federation.running.at(site)->answer(stage, federation.plan, federation.model, federation.updates.at(site)); };
  EXPECT_EQ(answer_to("site_00", show).declined, "");
  federation.start("site_01");
  const StageAnswer again = answer_to("site_01", gathering);
  ASSERT_EQ(again.declined, "");
  EncryptionStageBody body = parse_encryption_stage(show.body);
  ASSERT_NE(parse_encryption_member(again.body, "site_01"), body.members[1]);
  body.members[1] = parse_encryption_member(again.body, "site_01");
  for (const bool killed : {false, true}) {
    if (killed) federation.start("site_00");
    for (const std::uint32_t step : {kShow, kEncrypt, kOpen}) {
      RoundStage other = show;
      other.step = step;
      other.body = encode(body);
      EXPECT_THAT(answer_to("site_00", other).declined, HasSubstr("has agreed to other sites or commitments"));
    }
  }
}

TEST(EncryptedRound, AnAttemptThatIsOverIsNotGoneBackTo) {
  EncryptedFederation federation(3);
  federation.reach(kEncrypt);
  const RoundStage old = *federation.round->stage_for("site_00");
  federation.open_round();
  federation.reach(kShow);
  EXPECT_NE(federation.running.at("site_00")->answer(old, federation.plan, federation.model, federation.updates.at("site_00"))->declined, "");
}

TEST(EncryptedRound, ACoordinatorThatReplacesAnythingIsFoundOut) {
  const auto declined_at = [](std::uint32_t step, const std::function<void(EncryptedFederation&, RoundStage&)>& change) {
    EncryptedFederation federation(3);
    federation.reach(step);
    federation.change_stage = [&](const std::string& site, RoundStage& stage) {
      if (site == "site_00") change(federation, stage);
    };
    federation.turn();
    return federation.declined.contains("site_00") ? federation.declined.at("site_00") : "";
  };
  const auto in_body = [](const std::function<void(EncryptionStageBody&)>& change) {
    return [change](EncryptedFederation&, RoundStage& stage) {
      EncryptionStageBody body = parse_encryption_stage(stage.body);
      change(body);
      stage.body = encode(body);
    };
  };
  const auto in_file = [](std::size_t place) {
    return [place](EncryptedFederation& federation, RoundStage& stage) {
      std::string bytes = read_file(stage.file);
      bytes[place] = static_cast<char>(bytes[place] ^ 1);
      stage.file = federation.folder.path() / "changed.bin";
      write_file(stage.file, bytes);
    };
  };
  EXPECT_EQ(declined_at(kShow, in_body([](EncryptionStageBody&) {})), "");
  EXPECT_THAT(declined_at(kShow, in_body([](EncryptionStageBody& body) { body.members[1].commitment[0] ^= 1; })), HasSubstr("has not signed its commitment"));
  EXPECT_THAT(declined_at(kShow, in_body([](EncryptionStageBody& body) { body.members.pop_back(); })), HasSubstr("fewer than 3 sites"));
  EXPECT_THAT(declined_at(kShow, in_body([](EncryptionStageBody& body) { body.key[0] ^= 1; })), HasSubstr("has not committed itself"));
  EXPECT_THAT(declined_at(kShow, in_body([](EncryptionStageBody& body) {
                            const EncryptionMember other = body.members[1];
                            body.members[2] = other;
                            body.members[2].site = "site_02";
                          })),
              HasSubstr("the same certificate or commitment"));
  // Another member's share of the public key, or this one's: a key that the coordinator knows would be the sum. Another c1: what is decrypted would not be the sum of what was encrypted.
  for (const std::uint32_t step : {kEncrypt, kOpen})
    for (const std::size_t place : {7U, 16U + 7U, 16U + 204800 + 7U, 2 * (16U + 2 * 204800) + 16U + 7U}) EXPECT_THAT(declined_at(step, in_file(place)), HasSubstr("is not what it is committed to"));
}

TEST(EncryptedRound, ASiteThatSendsSomethingElseIsNamedAndTheRestGoesOn) {
  const auto failure_of = [](std::uint32_t step, const std::function<void(StageAnswer&)>& change) {
    EncryptedFederation federation(4);
    bool done = false;
    federation.change_answer = [&](const std::string& site, StageAnswer& answer) {
      if (site != "site_01" || answer.step != step || done) return;
      change(answer);
      done = true;
    };
    federation.reach(step);
    const auto receipts = federation.turn();
    EXPECT_EQ(receipts.at("site_01").kind, ReceiptKind::kRejected);
    EXPECT_EQ(receipts.at("site_00").kind, ReceiptKind::kAccepted);
    return receipts.at("site_01").reason;
  };
  EXPECT_THAT(failure_of(kShow, [](StageAnswer& answer) { answer.body[5] ^= 1; }), HasSubstr("what is shown is not what the site is committed to"));
  EXPECT_THAT(failure_of(kEncrypt,
                         [](StageAnswer& answer) {
                           std::string bytes = read_file(answer.file);
                           bytes[40 + 204800 + 5] = static_cast<char>(bytes[40 + 204800 + 5] ^ 1);
                           write_file(answer.file, bytes);
                         }),
              HasSubstr("the key of the encrypted update is not the one that the site is committed to"));
  EXPECT_THAT(failure_of(kEncrypt, [](StageAnswer& answer) { write_file(answer.file, "short"); }), HasSubstr("an encrypted vector has 5 bytes"));
  EXPECT_THAT(failure_of(kOpen, [](StageAnswer& answer) { answer.body.pop_back(); }), HasSubstr("a polynomial has"));
}

TEST(EncryptedRound, ASiteThatBreaksTwoAttemptsIsLeftOut) {
  EncryptedFederation federation(4);
  federation.change_answer = [&](const std::string& site, StageAnswer& answer) {
    if (site == "site_01" && answer.step == kShow) answer.body[5] ^= 1;
  };
  expect_mean(federation, federation.run(), {"site_00", "site_02", "site_03"});
}

TEST(EncryptedRound, AShareThatIsNoneOpensNothingAndTheSameSitesTryAgain) {
  EncryptedFederation federation(3);
  bool lied = false;
  federation.change_answer = [&](const std::string& site, StageAnswer& answer) {
    if (site != "site_01" || answer.step != kOpen || lied) return;
    answer.body[100] = static_cast<char>(answer.body[100] ^ 1);
    lied = true;
  };
  const auto sum = federation.run();
  EXPECT_TRUE(lied);
  expect_mean(federation, sum, federation.names);
}

TEST(EncryptedRound, AnswersOfAnotherAttemptOrSiteDoNotCount) {
  EncryptedFederation federation(3);
  federation.reach(kShow);
  const RoundStage stage = *federation.round->stage_for("site_00");
  StageAnswer answer = *federation.running.at("site_00")->answer(stage, federation.plan, federation.model, federation.updates.at("site_00"));
  EXPECT_EQ(federation.round->receive("site_01", answer, 0).kind, ReceiptKind::kRejected) << "the share is committed to by another";
  EXPECT_EQ(federation.round->receive("stranger", answer, 0).kind, ReceiptKind::kStale);
  StageAnswer old = answer;
  old.attempt = std::string(16, 'x');
  EXPECT_EQ(federation.round->receive("site_00", old, 0).kind, ReceiptKind::kStale);
  EXPECT_EQ(federation.round->receive("site_00", answer, 0).kind, ReceiptKind::kAccepted);
  EXPECT_EQ(federation.round->receive("site_00", answer, 0).kind, ReceiptKind::kDuplicate);
}

}  // namespace
}  // namespace consilium::fl
