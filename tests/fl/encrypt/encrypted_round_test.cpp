#include "fl/encrypt/encrypted_round.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cmath>

#include "tests/fl/encrypt/encrypted_federation.h"

namespace consilium::fl {
namespace {

using test::EncryptedFederation;
using test::expect_mean;
using testing::ElementsAre;
using test::kFixedPointTolerance;
using testing::HasSubstr;

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

TEST(EncryptedRound, NorFewerThanThePlanSays) {
  EncryptedFederation federation(4, {.least_sites = 4});
  federation.reach(kEncrypt);
  federation.running.erase("site_02");
  EXPECT_FALSE(federation.run());
  EXPECT_EQ(federation.round->least(), 4);
}

TEST(EncryptedRound, ASiteThatIsKilledAtAnyStepGoesOnWhereItWas) {
  for (const std::uint32_t step : {kShow, kEncrypt, kOpen}) {
    EncryptedFederation federation(3);
    federation.reach(step);
    federation.start("site_01");
    expect_mean(federation, federation.run(), federation.names);
  }
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
