#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fl/secure/secure_table.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

using test::SecureTable;
using testing::HasSubstr;

const std::uint32_t kAll[] = {0, 1, 2, 3, 4};

TEST(SecureRound, GivesThePlainSumBitForBit) {
  for (const std::size_t sites : {3U, 4U, 7U}) {
    SecureTable table(sites);
    const auto sum = table.run();
    ASSERT_TRUE(sum);
    EXPECT_TRUE(table.is_sum_of(*sum, table.names())) << sites;
  }
}

TEST(SecureRound, TellsOfAllSitesTogetherWhatItTellsOfNone) {
  SecureTable table(3);
  const auto sum = table.run();
  ASSERT_TRUE(sum);
  EXPECT_EQ(sum->mean.cases_per_group, (std::map<std::string, std::int64_t>{{"trunk", 33}, {"stem.mr", 14}, {"stem.ct", 6}}));
  EXPECT_EQ(sum->metrics.at("cases.trunk"), 33);
  EXPECT_NEAR(sum->metrics.at("loss"), (10 * 1.0 + 11 * 2.0 + 12 * 3.0) / 33, 1e-4);
  EXPECT_FALSE(sum->metrics.contains("seconds")) << "only what the plan names leaves a site";
  EXPECT_EQ(sum->validation.cases, 9);
  EXPECT_NEAR(sum->validation.score, (2 * 0.50 + 3 * 0.51 + 4 * 0.52) / 9, 1e-6);
  EXPECT_EQ(sum->metrics.at("clipped"), 0);
}

/// Whoever vanishes before whichever step: the sum is that of the sites whose masked updates came, if the threshold is left, and nothing at all else.
TEST(SecureRound, RecoversEverySetOfDropoutsAtEveryStep) {
  for (std::size_t sites = 3; sites <= 8; ++sites) {
    for (std::uint32_t step = 1; step < kSecureSteps; ++step)
      for (std::uint32_t set = 1; set < 1U << sites; ++set) {
        if (sites > 4 && set % 4 + 1 != step) continue;  // every set at one step; with up to four sites at every one
        if (sites > 6 && std::popcount(set) > static_cast<int>(sites - (2 * sites + 2) / 3) + 1) continue;  // far too few are left: as with six
        SecureTable table(sites);
        std::map<std::string, std::uint32_t> gone;
        std::vector<std::string> left;
        const std::vector<std::string> names = table.names();
        for (std::size_t n = 0; n < sites; ++n)
          if ((set >> n & 1U) != 0) gone[names[n]] = step;
          else left.push_back(names[n]);
        const auto sum = table.run(gone);
        const auto threshold = static_cast<std::size_t>(table.plan.protection.secure_aggregation->threshold);
        ASSERT_EQ(sum.has_value(), left.size() >= threshold) << sites << " sites, set " << set << ", step " << step;
        if (!sum) continue;
        // From step 3 on the masked updates of all had come.
        ASSERT_TRUE(table.is_sum_of(*sum, step <= 2 ? left : names)) << sites << " sites, set " << set << ", step " << step;
      }
  }
}

/// Every mixture: each of three sites vanishes before any step, or never.
TEST(SecureRound, RecoversDropoutsAtSeveralStepsOfOneAttempt) {
  for (int mixture = 0; mixture < 125; ++mixture) {
    SecureTable table(3);
    std::map<std::string, std::uint32_t> gone;
    std::map<std::uint32_t, std::size_t> left;  // at each step
    std::vector<std::string> masked;
    int rest = mixture;
    for (const std::string& name : table.names()) {
      const auto step = static_cast<std::uint32_t>(rest % 5 + 1);  // 5: never
      rest /= 5;
      if (step < 5) gone[name] = step;
      for (const std::uint32_t number : kAll) left[number] += step > number ? 1U : 0U;
      if (step > 2) masked.push_back(name);
    }
    const auto sum = table.run(gone);
    ASSERT_EQ(sum.has_value(), left[4] >= 2) << mixture;
    if (sum) {
      ASSERT_TRUE(table.is_sum_of(*sum, masked)) << mixture;
    }
  }
}

TEST(SecureRound, AMaskedUpdateIsOtherBytesInEveryAttempt) {
  SecureTable table(3);
  const auto masked = [&] {
    table.open_round();
    for (int n = 0; n < 3; ++n) table.step();
    return read_file(table.folder.path() / table.names()[0] / "masked_update");
  };
  const std::string first = masked(), second = masked();
  ASSERT_EQ(first.size(), second.size());
  // Reused masks would cancel in the difference: two-time pad.
  std::size_t equal = 0;
  for (std::size_t n = 0; n + 6 <= first.size(); n += 6) equal += first.compare(n, 6, second, n, 6) == 0 ? 1U : 0U;
  EXPECT_EQ(equal, 0U);
}

TEST(SecureRound, NoPartOfAMaskedUpdateShowsWhichGroupsASiteOwns) {
  SecureTable table(3);
  table.open_round();
  for (int n = 0; n < 3; ++n) table.step();
  for (const std::string& name : table.names()) {
    const std::string file = read_file(table.folder.path() / name / "masked_update");
    const MaskedLayout layout = masked_layout(table.plan, table.global);
    EXPECT_EQ(file.size(), layout.size_bytes(6)) << "48 bits for three sites";
    for (std::size_t n = 0; n < layout.totals_begin; ++n) EXPECT_NE(file.substr(6 * n, 6), std::string(6, '\0'));
  }
}

/// Step by step a site that owns no MR says as much as one that does, in bytes and in messages: neither length nor count tells them apart.
TEST(SecureRound, ASiteThatLacksAGroupSaysEverythingInAsManyBytes) {
  SecureTable table(5);
  const std::string owner = table.names()[0], lacks_mr = table.names()[1];
  ASSERT_EQ(table.updates.at(lacks_mr).cases_per_group.at("stem.mr"), 0);
  ASSERT_LT(table.updates.at(lacks_mr).delta.tensors.size(), table.updates.at(owner).delta.tensors.size());
  table.open_round();
  for (std::uint32_t step = 0; step < kSecureSteps; ++step) {
    const auto one = table.answer_of(owner), other = table.answer_of(lacks_mr);
    ASSERT_TRUE(one && other);
    EXPECT_EQ(one->body.size(), other->body.size()) << "step " << step;
    ASSERT_EQ(one->file.empty(), other->file.empty());
    if (one->file.empty()) EXPECT_NE(step, 2U);
    else EXPECT_EQ(fs::file_size(one->file), fs::file_size(other->file));
    table.step();
  }
  const auto sum = table.round->take_sum();
  ASSERT_TRUE(sum);
  EXPECT_EQ(sum->mean.cases_per_group.at("stem.mr"), 3 * 7) << "cases of a group come out as a sum, of three of the five sites here";
}

TEST(SecureRound, AKilledSiteDeclinesAndTheOthersGoOn) {
  for (const std::uint32_t step : {1U, 2U, 3U, 4U}) {
    SecureTable table(3);
    table.open_round();
    const std::string victim = table.names()[1];
    for (std::uint32_t number = 0; number < kSecureSteps; ++number) {
      if (number == step) table.kill(victim);
      table.step();
    }
    EXPECT_THAT(table.declined[victim], HasSubstr("started anew")) << step;
    const auto sum = table.round->take_sum();
    ASSERT_TRUE(sum) << step;
    std::vector<std::string> expected = table.names();
    if (step <= 2) expected.erase(expected.begin() + 1);
    EXPECT_TRUE(table.is_sum_of(*sum, expected)) << step;
  }
}

TEST(SecureRound, TooFewLeftBeginsAnewWithOtherKeysAndGivesTheSameSum) {
  SecureTable table(3);
  table.open_round();
  const std::string attempt = table.round->stage_for(table.names()[0])->attempt;
  table.step();
  table.step({table.names()[0], table.names()[1]});
  ASSERT_TRUE(table.round->is_gathering());
  EXPECT_THAT(table.round->hindrance(), HasSubstr("too few sites were left while sharing secrets"));
  table.now += 1;
  table.round->advance(table.now);
  EXPECT_NE(table.round->stage_for(table.names()[0])->attempt, attempt);
  const auto sum = table.go_on();
  ASSERT_TRUE(sum);
  EXPECT_TRUE(table.is_sum_of(*sum, table.names()));
}

// --- what a dishonest coordinator, or somebody on the way, could try ---

/// The stage that a site would get, to be changed by the test.
RoundStage stage_at(SecureTable& table, std::uint32_t step, const std::string& name) {
  table.open_round();
  for (std::uint32_t number = 0; number < step; ++number) table.step();
  return *table.round->stage_for(name);
}
std::string declined(SecureTable& table, const std::string& name, const RoundStage& stage) { return table.site(name).answer(stage, table.plan, table.global, table.updates.at(name))->declined; }

TEST(SecureSite, DeclinesKeysThatAreNotSignedByTheirSite) {
  SecureTable table(3);
  const std::string name = table.names()[0];
  RoundStage stage = stage_at(table, 1, name);
  std::vector<Advertisement> list = parse_advertisements(stage.body);
  list[1].mask_key = std::string(32, 'x');
  stage.body = encode(list);
  EXPECT_THAT(declined(table, name, stage), HasSubstr("not signed by it for this round and plan"));
}

TEST(SecureSite, DeclinesASiteThatTheCoordinatorMadeUp) {
  SecureTable table(3);
  const std::string name = table.names()[0];
  RoundStage stage = stage_at(table, 1, name);
  std::vector<Advertisement> list = parse_advertisements(stage.body);
  list[2].certificate = simulated_members({"sybil"}).identities.at("sybil").certificate;
  stage.body = encode(list);
  EXPECT_THAT(declined(table, name, stage), HasSubstr("does not belong to this simulation"));
}

TEST(SecureSite, DeclinesKeysOfAnotherAttempt) {
  SecureTable table(3);
  const std::string name = table.names()[0];
  const std::vector<Advertisement> old = parse_advertisements(stage_at(table, 1, name).body);
  RoundStage stage = stage_at(table, 1, name);
  std::vector<Advertisement> list = parse_advertisements(stage.body);
  list[1] = old[1];  // replayed
  stage.body = encode(list);
  EXPECT_THAT(declined(table, name, stage), HasSubstr("not signed by it for this round and plan"));
}

TEST(SecureSite, DeclinesToBeLeftOutAndToBeOneOfTooFew) {
  const std::string left_out = "not among the sites of the attempt", few = "more than half of them";
  for (const bool is_left_out : {true, false}) {
    SecureTable table(4);
    const std::string name = table.names()[0];
    RoundStage stage = stage_at(table, 1, name);
    std::vector<Advertisement> list = parse_advertisements(stage.body);
    if (is_left_out) list.erase(list.begin());
    else list.resize(2);
    stage.body = encode(list);
    EXPECT_THAT(declined(table, name, stage), HasSubstr(is_left_out ? left_out : few));
  }
}

TEST(SecureSite, DeclinesAThresholdThatHalfOfTheSitesReach) {
  SecureTable table(4, {.threshold = 2});
  const std::string name = table.names()[0];
  table.open_round();
  for (const std::string& site : table.names()) table.deliver(site, *table.answer_of(site));
  RoundStage stage{kSecureAggregationWord, 1, table.round->stage_for(name)->attempt, 1, ""};
  std::vector<Advertisement> list;
  for (const std::string& site : table.names()) list.push_back(parse_advertisement(table.answer_of(site)->body));
  stage.body = encode(list);
  EXPECT_THAT(declined(table, name, stage), HasSubstr("more than half of them"));
}

TEST(SecureSite, DeclinesAnotherPlanThanTheOthersHave) {
  SecureTable table(3);
  const std::string name = table.names()[0];
  const RoundStage stage = stage_at(table, 1, name);
  RoundPlan other = table.plan;
  other.protection.secure_aggregation->clip = 1000;
  EXPECT_THAT(table.site(name).answer(stage, other, table.global, table.updates.at(name))->declined, HasSubstr("the plan has changed within an attempt"));
}

TEST(SecureSite, DeclinesAStageOutOfOrder) {
  SecureTable table(3);
  const std::string name = table.names()[0];
  RoundStage stage = stage_at(table, 1, name);
  stage.step = 4;
  EXPECT_THAT(declined(table, name, stage), HasSubstr("leaves out a step, or goes back"));
}

TEST(SecureSite, AnswersTheSameStageWithTheSameWordsAndAnotherOneNever) {
  for (const std::uint32_t step : {1U, 2U, 3U, 4U}) {
    SecureTable table(4);
    const std::string name = table.names()[0];
    RoundStage stage = stage_at(table, step, name);
    const auto first = table.site(name).answer(stage, table.plan, table.global, table.updates.at(name));
    EXPECT_EQ(table.site(name).answer(stage, table.plan, table.global, table.updates.at(name)), first);
    stage.body += '\0';
    EXPECT_THAT(declined(table, name, stage), HasSubstr("has said two different things")) << step;
    stage.body.pop_back();
    EXPECT_THAT(declined(table, name, stage), HasSubstr("has said two different things")) << "and the attempt is over";
  }
}

/// The attack that the consistency round is there for: the coordinator tells some sites that one has dropped out, and others that it has not, to get both its secrets.
TEST(SecureSite, OpensNothingWhenTheCoordinatorLiesAboutWhoDroppedOut) {
  SecureTable table(5);
  table.open_round();
  for (int n = 0; n < 3; ++n) table.step();
  const std::vector<std::string> names = table.names();
  const SiteSet all(5, true), without{true, true, true, true, false};
  std::vector<Numbered> signatures;
  for (std::uint32_t n = 0; n < 5; ++n) {
    RoundStage stage = *table.round->stage_for(names[n]);
    stage.body = encode(n < 2 ? without : all);
    const auto answer = table.site(names[n]).answer(stage, table.plan, table.global, table.updates.at(names[n]));
    ASSERT_EQ(answer->declined, "");
    signatures.push_back({n, answer->body});
  }
  for (std::uint32_t n = 0; n < 5; ++n) {
    RoundStage stage{kSecureAggregationWord, 1, table.round->stage_for(names[n])->attempt, 4, encode(signatures)};
    const auto answer = table.site(names[n]).answer(stage, table.plan, table.global, table.updates.at(names[n]));
    EXPECT_THAT(answer->declined, testing::AnyOf(HasSubstr("has told it something else"), HasSubstr("too few sites have signed")));
    EXPECT_EQ(answer->body, "") << "no share leaves";
  }
}

TEST(SecureSite, OpensNothingWithoutASignatureOfTheThreshold) {
  SecureTable table(5);
  const std::string name = table.names()[0];
  RoundStage stage = stage_at(table, 4, name);
  std::vector<Numbered> signatures = parse_numbered(stage.body, 5, kMostSignatureBytes);
  signatures.resize(3);
  stage.body = encode(signatures);
  EXPECT_THAT(declined(table, name, stage), HasSubstr("too few sites have signed"));
}

TEST(SecureSite, DeclinesASumThatLeavesItOutOrHoldsStrangers) {
  SecureTable table(4);
  const std::string name = table.names()[0];
  RoundStage stage = stage_at(table, 3, name);
  stage.body = encode(SiteSet{false, true, true, true});
  EXPECT_THAT(declined(table, name, stage), HasSubstr("this one is left out"));
  SecureTable other(4);
  other.open_round();
  other.step();
  other.step({other.names()[3]});  // shares nothing
  other.step();
  stage = *other.round->stage_for(name);
  stage.body = encode(SiteSet{true, true, true, true});
  EXPECT_THAT(declined(other, name, stage), HasSubstr("a site that has shared nothing"));
}

TEST(SecureSite, AnOpeningHoldsOneSecretOfEverySite) {
  SecureTable table(4);
  table.open_round();
  table.step();
  table.step();
  table.step({table.names()[3]});
  table.step();
  const auto answer = table.answer_of(table.names()[0]);
  const std::vector<NumberedShare> shares = parse_shares(answer->body, 4);
  EXPECT_EQ(shares.size(), 4U) << "of its own and of three others, each once";
}

TEST(SecureSite, HelpsToOpenNoOtherSumOfTheSameRoundEvenAfterAKill) {
  SecureTable table(4);
  ASSERT_TRUE(table.run());
  const std::vector<std::string> names = table.names();
  for (const std::string& name : names) table.kill(name);
  // A coordinator that says that it lost the sum asks for one without the last site: the difference of both would be that site's update.
  table.open_round();
  table.step({names[3]});
  ASSERT_TRUE(table.round->is_gathering());
  EXPECT_THAT(table.round->hindrance(), HasSubstr("site \"s1003\" is missing"));
  // An honest one makes the same again.
  table.step();
  for (int n = 1; n < 5; ++n) table.step();
  const auto sum = table.round->take_sum();
  ASSERT_TRUE(sum);
  EXPECT_TRUE(table.is_sum_of(*sum, names));
}

TEST(SecureSite, DeclinesASecondSumWithOtherSitesWhateverTheCoordinatorSays) {
  SecureTable table(4);
  ASSERT_TRUE(table.run());
  for (const std::string& name : table.names()) table.kill(name);
  table.open_round();
  table.step();
  table.step();
  table.step();
  const SiteSet without{true, true, true, false};
  std::vector<Numbered> signatures;
  for (std::uint32_t n = 0; n < 3; ++n) {
    RoundStage stage = *table.round->stage_for(table.names()[n]);
    stage.body = encode(without);
    const auto answer = table.site(table.names()[n]).answer(stage, table.plan, table.global, table.updates.at(table.names()[n]));
    signatures.push_back({n, answer->body});
    EXPECT_THAT(answer->declined, HasSubstr("another sum of round 1 before"));
  }
}

TEST(SecureSite, SaysWhyItsUpdateCannotBeMasked) {
  SecureTable table(3);
  const std::string name = table.names()[0];
  table.updates[name].cases_per_group["trunk"] = 100001;
  EXPECT_THAT(declined(table, name, stage_at(table, 0, name)), HasSubstr("100001 cases, and the plan allows one site 100000"));
  table.updates[name].cases_per_group["trunk"] = 10;
  table.updates[name].delta.tensors[0].values[3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(declined(table, name, stage_at(table, 0, name)), HasSubstr("not finite"));
}

// --- what a dishonest site could try ---

TEST(SecureRound, RefusesAnswersThatAreNotTheSitesOwn) {
  SecureTable table(3);
  const std::vector<std::string> names = table.names();
  table.open_round();
  const auto foreign = table.answer_of(names[1]);
  EXPECT_THAT(table.deliver(names[0], *foreign).reason, HasSubstr("advertises the keys of another site"));
  StageAnswer garbage = *foreign;
  garbage.body = "garbage";
  EXPECT_EQ(table.deliver(names[1], garbage).kind, ReceiptKind::kRejected);
  garbage = *foreign;
  garbage.step = 3;
  EXPECT_THAT(table.deliver(names[1], garbage).reason, HasSubstr("answers another stage"));
  EXPECT_EQ(table.deliver(names[1], *foreign).kind, ReceiptKind::kAccepted) << "it may try again while sites gather";
}

TEST(SecureRound, GoesOnWithoutASiteWhoseAnswerIsBad) {
  for (const std::uint32_t step : {1U, 2U, 3U, 4U}) {
    SecureTable table(4);
    table.open_round();
    const std::string liar = table.names()[2];
    for (std::uint32_t number = 0; number < kSecureSteps; ++number) {
      if (number == step) {
        StageAnswer bad = *table.answer_of(liar);
        bad.body = "bad";
        bad.file.clear();
        EXPECT_EQ(table.deliver(liar, bad).kind, ReceiptKind::kRejected) << step;
      }
      table.step();
    }
    const auto sum = table.round->take_sum();
    ASSERT_TRUE(sum) << step;
    std::vector<std::string> expected = table.names();
    if (step <= 2) std::erase(expected, liar);
    EXPECT_TRUE(table.is_sum_of(*sum, expected)) << step;
    EXPECT_NE(table.round->failures().at(liar), "");
  }
}

TEST(SecureRound, FindsTheSecretDespiteOneWrongShare) {
  SecureTable table(4);
  table.open_round();
  for (int n = 0; n < 4; ++n) table.step();
  const std::string liar = table.names()[0];
  StageAnswer bad = *table.answer_of(liar);
  std::vector<NumberedShare> shares = parse_shares(bad.body, 4);
  for (NumberedShare& share : shares) share.share.data()[0] ^= 1;
  bad.body = encode(shares);
  EXPECT_EQ(table.deliver(liar, bad).kind, ReceiptKind::kAccepted);
  for (const std::string& name : table.round->waiting_for()) table.deliver(name, *table.answer_of(name));
  table.round->advance(table.now);
  const auto sum = table.round->take_sum();
  ASSERT_TRUE(sum);
  EXPECT_TRUE(table.is_sum_of(*sum, table.names()));
}

TEST(SecureRound, RefusesASumThatHonestSitesCannotHaveSent) {
  SecureTable table(3);
  table.open_round();
  table.step();
  table.step();
  table.answer_with_noise_of(table.names()[1]);  // its masked update is noise: so is the sum
  table.round->advance(table.now);
  table.step();
  table.step();
  EXPECT_FALSE(table.round->take_sum());
  EXPECT_THAT(table.round->hindrance(), HasSubstr("not what honest sites can have sent"));
}

TEST(SecureRound, AnswersOfAnotherAttemptOrAnEarlierStepAreStale) {
  SecureTable table(3);
  table.open_round();
  const auto early = table.answer_of(table.names()[0]);
  table.step();
  EXPECT_EQ(table.deliver(table.names()[0], *early).kind, ReceiptKind::kStale);
  StageAnswer other = *table.answer_of(table.names()[0]);
  other.attempt[0] = static_cast<char>(other.attempt[0] ^ 1);
  EXPECT_EQ(table.deliver(table.names()[0], other).kind, ReceiptKind::kStale);
  EXPECT_EQ(table.deliver("stranger", *early).kind, ReceiptKind::kStale);
}

TEST(SecureRound, CutsOffAndShortensAtTheSiteAndSaysHowMuch) {
  SecureTable table(3, {.clip = 1});
  const auto sum = table.run();
  ASSERT_TRUE(sum);
  EXPECT_TRUE(table.is_sum_of(*sum, table.names()));
  EXPECT_NEAR(sum->metrics.at("clipped"), 0.5, 0.2);  // values uniform in [-2, 2]
  SecureTable bounded(3, {.norm_bound = 0.01});
  const auto small = bounded.run();
  ASSERT_TRUE(small);
  double squares = 0;
  const UpdateWeights weights(small->mean);
  for (std::size_t n = 0; n < weights.size(); ++n) {
    std::vector<float> scratch;
    for (const float value : weights.block(n, 0, weights.value_count(n), scratch)) squares += static_cast<double>(value) * static_cast<double>(value);
  }
  EXPECT_LE(std::sqrt(squares), 0.01 * 1.01);
}

TEST(SecureRound, TheLastLookSumsValidationsWithoutAnyWeight) {
  SecureTable table(3);
  table.plan.round = table.plan.rounds;
  for (auto& [name, update] : table.updates) update.delta = {}, update.cases_per_group.clear();
  const auto sum = table.run();
  ASSERT_TRUE(sum);
  EXPECT_EQ(sum->validation.cases, 9);
  EXPECT_TRUE(sum->mean.cases_per_group.empty());
}

/// Bell et al.: with many sites each shares with some of the others only.
TEST(SecureRound, SumsOverASparseGraphWithDropouts) {
  SecureTable table(40, {.neighbours = 12});
  const auto sum = table.run({{"s1003", 2}, {"s1017", 2}, {"s1030", 4}});
  ASSERT_TRUE(sum);
  std::vector<std::string> expected = table.names();
  std::erase(expected, "s1003");
  std::erase(expected, "s1017");
  EXPECT_TRUE(table.is_sum_of(*sum, expected));
  EXPECT_EQ(sum->contributors.size(), 38U);
}

}  // namespace
}  // namespace consilium::fl
