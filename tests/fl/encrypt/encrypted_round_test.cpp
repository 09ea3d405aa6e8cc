#include "fl/encrypt/encrypted_round.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cmath>

#include "tests/fl/encrypt/encrypted_federation.h"

namespace consilium::fl {
namespace {

using test::EncryptedFederation;
using testing::ElementsAre;
using testing::HasSubstr;

/// Half a step of 2^-20, and float32's own.
constexpr double kFixedPointTolerance = 0.5 / (1 << 20) + 1e-7;

/// Mean of a value over the sites that trained its group, in float64.
double mean_of(const EncryptedFederation& federation, const std::vector<std::string>& sites, std::size_t tensor, std::size_t n) {
  double sum = 0, cases = 0;
  for (const std::string& site : sites) {
    const Update& update = federation.updates.at(site);
    const auto weight = static_cast<double>(update.cases_per_group.at(update.delta.tensors[tensor].group));
    sum += weight * static_cast<double>(update.delta.tensors[tensor].values[n]);
    cases += weight;
  }
  return sum / cases;
}

void expect_mean(const EncryptedFederation& federation, const std::optional<ProtectedSum>& sum, const std::vector<std::string>& sites) {
  ASSERT_TRUE(sum.has_value());
  EXPECT_EQ(sum->contributors, sites);
  ASSERT_EQ(sum->mean.delta.tensors.size(), federation.model.tensors.size());
  for (std::size_t t = 0; t < federation.model.tensors.size(); ++t)
    for (std::size_t n = 0; n < federation.model.tensors[t].values.size(); ++n)
      ASSERT_NEAR(sum->mean.delta.tensors[t].values[n], mean_of(federation, sites, t, n), kFixedPointTolerance) << t << " " << n;
}

TEST(EncryptedRound, GivesTheWeightedMeanOfEachGroupAndNothingOfASingleSite) {
  for (const std::size_t sites : {3U, 7U}) {
    EncryptedFederation federation(sites);
    const auto sum = federation.run();
    expect_mean(federation, sum, federation.names);
    std::int64_t trunk = 0, validation_cases = 0;
    double score = 0, loss = 0;
    for (const auto& [site, update] : federation.updates) {
      trunk += update.cases_per_group.at("trunk");
      validation_cases += update.validation.cases;
      score += update.validation.score * static_cast<double>(update.validation.cases);
      loss += update.metrics.at("loss");
    }
    EXPECT_EQ(sum->mean.cases_per_group.at("trunk"), trunk);
    EXPECT_EQ(sum->validation.cases, validation_cases);
    EXPECT_NEAR(sum->validation.score, score / static_cast<double>(validation_cases), 1e-6);
    EXPECT_NEAR(sum->metrics.at("loss"), loss / static_cast<double>(sites), 1e-6);
    EXPECT_EQ(sum->metrics.at("cut_off"), 0);
    EXPECT_FALSE(sum->metrics.contains("secret")) << "the plan does not name it";
  }
}

TEST(EncryptedRound, AGroupThatNobodyTrainedIsNotInTheMean) {
  EncryptedFederation federation(3);
  for (auto& [site, update] : federation.updates) update.cases_per_group["stem.ct"] = 0;
  const auto sum = federation.run();
  ASSERT_TRUE(sum);
  EXPECT_EQ(sum->mean.delta.tensors.size(), 2U);
  EXPECT_EQ(sum->mean.delta.tensors[0].name, "b.bias");
}

TEST(EncryptedRound, SaysHowManyValuesWereCutOff) {
  EncryptedFederation federation(3, {.clip = 0.5});
  federation.updates["site_01"].delta.tensors[1].values[3] = 7;
  const auto sum = federation.run();
  ASSERT_TRUE(sum);
  EXPECT_NEAR(sum->metrics.at("cut_off"), 1.0 / (3 * 40007 + 2 * 15), 1e-9);
  EXPECT_NEAR(sum->mean.delta.tensors[1].values[3], (10 * federation.updates["site_00"].delta.tensors[1].values[3] + 11 * 0.5 + 12 * federation.updates["site_02"].delta.tensors[1].values[3]) / 33, kFixedPointTolerance);
}

TEST(EncryptedRound, LastLookHasNoWeights) {
  EncryptedFederation federation(3);
  federation.plan.round = federation.plan.rounds;
  for (auto& [site, update] : federation.updates) update.delta = {};
  federation.open_round();
  const auto sum = federation.run();
  ASSERT_TRUE(sum);
  EXPECT_TRUE(sum->mean.delta.tensors.empty());
  EXPECT_EQ(sum->validation.cases, 2 + 3 + 4);
}

TEST(EncryptedRound, ASiteThatIsLostBeforeSharesAreGivenCostsAnAttemptAndNoTraining) {
  for (const std::uint32_t step : {kShow, kEncrypt}) {
    EncryptedFederation federation(4);
    federation.reach(step);
    federation.running.erase("site_02");
    expect_mean(federation, federation.run(), {"site_00", "site_01", "site_03"});
    EXPECT_THAT(federation.round->failures().at("site_02"), HasSubstr("no answer within the time of step " + std::to_string(step)));
  }
}

TEST(EncryptedRound, ASiteThatIsLostAfterSharesAreGivenHoldsTheRoundUntilItIsBack) {
  EncryptedFederation federation(4);
  federation.reach(kOpen);
  federation.running.erase("site_02");
  EXPECT_FALSE(federation.run()) << "three of four shares: nothing may be opened";
  EXPECT_THAT(federation.round->hindrance(), HasSubstr("site_02"));
  EXPECT_THAT(federation.round->waiting_for(), ElementsAre("site_02"));
  federation.start("site_02");
  expect_mean(federation, federation.run(), federation.names);
}

TEST(EncryptedRound, FewerThanThreeSitesOpenNothing) {
  EncryptedFederation federation(3);
  federation.reach(kEncrypt);
  federation.running.erase("site_02");
  EXPECT_FALSE(federation.run());
}

TEST(EncryptedRound, ASiteThatIsKilledAtAnyStepGoesOnWhereItWas) {
  for (const std::uint32_t step : {kShow, kEncrypt, kOpen}) {
    EncryptedFederation federation(3);
    federation.reach(step);
    federation.start("site_01");
    expect_mean(federation, federation.run(), federation.names);
  }
}

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
  EXPECT_THAT(declined_at(kShow, in_body([](EncryptionStageBody& body) { body.members.pop_back(); })), HasSubstr("fewer than three"));
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

TEST(EncryptedRound, KeysAreMadeAnewUnlessThePlanLetsThemServeLonger) {
  for (const std::int64_t key_rounds : {1, 2}) {
    EncryptedFederation federation(3, {.key_rounds = key_rounds});
    ASSERT_TRUE(federation.run());
    const std::string first = federation.round->key();
    std::map<std::string, std::string> before;
    for (const std::string& site : federation.names) before[site] = read_file(federation.folder.path() / site / "encryption_key.json");
    federation.plan.round = 2;
    federation.open_round(first);
    const auto sum = federation.run();
    ASSERT_TRUE(sum);
    // With one round per key the sites refuse the old one, and the coordinator makes the next attempt with another.
    EXPECT_EQ(federation.round->key() == first, key_rounds == 2);
    for (const std::string& site : federation.names)
      EXPECT_EQ(Json::parse(read_file(federation.folder.path() / site / "encryption_key.json"))["seed"] == Json::parse(before[site])["seed"], key_rounds == 2);
  }
}

TEST(EncryptedRound, AKeyThatServesAgainIsRefusedWhenASiteIsAnotherOne) {
  EncryptedFederation federation(4, {.key_rounds = 9});
  ASSERT_TRUE(federation.run());
  const std::string first = federation.round->key();
  fs::remove(federation.folder.path() / "site_01/encryption_key.json");  // its share is lost: it makes another one of the same name
  federation.start("site_01");
  federation.plan.round = 2;
  federation.open_round(first);
  const auto sum = federation.run();
  EXPECT_THAT(federation.declined.at("site_00"), HasSubstr("are others than before"));
  expect_mean(federation, sum, federation.names);
  EXPECT_NE(federation.round->key(), first);
}

TEST(EncryptingSite, KeepsItsKeyWhereOnlyItsOwnerReads) {
  EncryptedFederation federation(3);
  federation.reach(kShow);
  struct stat status {};
  ASSERT_EQ(stat((federation.folder.path() / "site_00/encryption_key.json").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST(EncryptingSite, DeclinesWhatItShouldNotSend) {
  EncryptedFederation federation(4);
  federation.updates["site_00"].cases_per_group["trunk"] = 100001;
  federation.updates["site_01"].delta.tensors[2].values[39999] = std::nanf("");
  federation.run();
  EXPECT_THAT(federation.declined.at("site_00"), HasSubstr("more than the plan's encryption.most_cases"));
  EXPECT_THAT(federation.declined.at("site_01"), HasSubstr("a weight of c.weight is not finite"));
}

TEST(EncryptionMessages, ComeBackAndRefuseWhatIsCut) {
  EncryptionStageBody body{std::string(16, 'k'), {{"a", "pem", std::string(32, 'c'), "s"}, {"b", "pem2", std::string(32, 'd'), "t"}}};
  const std::string bytes = encode(body);
  EXPECT_EQ(parse_encryption_stage(bytes), body);
  for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_THROW(parse_encryption_stage(bytes.substr(0, n)), Error) << n;
  EXPECT_THROW(parse_encryption_stage(bytes + "x"), Error);
  std::swap(body.members[0], body.members[1]);
  EXPECT_THROW(parse_encryption_stage(encode(body)), Error);
}

}  // namespace
}  // namespace consilium::fl
