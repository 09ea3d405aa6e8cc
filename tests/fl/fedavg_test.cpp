#include "fl/aggregate/fedavg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "tests/support/refusal.h"
#include "tests/support/shared_data.h"

namespace consilium::fl {
namespace {

using testing::HasSubstr;

/// One tensor per group, all of one length.
ModelState state_of(const std::vector<std::pair<std::string, std::vector<float>>>& groups) {
  ModelState state;
  for (const auto& [group, values] : groups) state.tensors.push_back({group + ".weight", group, {static_cast<std::int64_t>(values.size())}, values});
  return state;
}

Update update_of(const std::string& site, const ModelState& delta, std::int64_t cases) {
  Update update{site, 1, "digest", delta, {}};
  for (const NamedTensor& tensor : delta.tensors) update.cases_per_group[tensor.group] = cases;
  return update;
}

TEST(FedAvg, GivesTheOraclesFigures) {
  const std::string file = "oracles/algorithms.json";
  if (test::is_absent(file)) GTEST_SKIP() << test::kNeedsShared << file;
  const Json weighted = test::oracle("algorithms", "fedavg_weighted");
  const ModelState zero = state_of({{"trunk", {0, 0}}});
  std::vector<Update> updates;
  for (std::size_t n = 0; n < 3; ++n)
    updates.push_back(update_of("site_" + std::to_string(n), state_of({{"trunk", weighted["input"]["w"][n].get<std::vector<float>>()}}), weighted["input"]["n"][n].get<std::int64_t>()));
  const auto result = fed_avg(zero, updates).tensors[0].values;
  for (int i = 0; i < 2; ++i) EXPECT_NEAR(result[i], weighted["expected"][i].get<double>(), 1e-7);

  const std::vector<float> same{1, 2, 3, 4, 5, 6};
  const std::vector<Update> equal{update_of("a", state_of({{"trunk", same}}), 1), update_of("b", state_of({{"trunk", same}}), 2)};
  EXPECT_EQ(fed_avg(state_of({{"trunk", {0, 0, 0, 0, 0, 0}}}), equal).tensors[0].values, same);
}

TEST(FedAvg, AveragesAStemOnlyOverSitesThatTrainedIt) {
  const ModelState global = state_of({{"stem.ct", {10}}, {"stem.mr", {20}}, {"trunk", {0}}});
  Update mr = update_of("mr_site", state_of({{"stem.mr", {1}}, {"trunk", {2}}}), 10);
  Update ct = update_of("ct_site", state_of({{"stem.ct", {3}}, {"stem.mr", {99}}, {"trunk", {6}}}), 30);
  ct.cases_per_group["stem.mr"] = 0;  // present, but trained on nothing: no vote
  const ModelState result = fed_avg(global, std::vector{mr, ct});
  EXPECT_EQ(result.tensors[0].values[0], 13);
  EXPECT_EQ(result.tensors[1].values[0], 21);
  EXPECT_EQ(result.tensors[2].values[0], 5);  // (10 * 2 + 30 * 6) / 40
}

TEST(FedAvg, AGroupThatNobodyTrainedStays) {
  const ModelState global = state_of({{"head", {4}}, {"trunk", {0}}});
  EXPECT_EQ(fed_avg(global, std::vector{update_of("a", state_of({{"trunk", {1}}}), 5)}).tensors[0].values[0], 4);
  EXPECT_EQ(fed_avg(global, {}), global);
}

TEST(FedAvg, DoesNotDependOnTheOrderOfArrivalOrTheNumberOfThreads) {
  Rng rng(3);
  const std::size_t length = 20001;
  ModelState global = state_of({{"trunk", std::vector<float>(length, 0.25F)}});
  std::vector<Update> updates;
  for (const char* site : {"d", "a", "c", "b", "e"}) {
    std::vector<float> values(length);
    for (float& v : values) v = static_cast<float>(rng.normal(0, 1e-3));
    updates.push_back(update_of(site, state_of({{"trunk", values}}), static_cast<std::int64_t>(1 + rng.below(50))));
  }
  const std::string expected = digest(fed_avg(global, updates));
  std::sort(updates.begin(), updates.end(), [](const Update& x, const Update& y) { return x.site < y.site; });
  do {
    ASSERT_EQ(digest(fed_avg(global, updates)), expected);
  } while (std::next_permutation(updates.begin(), updates.begin() + 4, [](const Update& x, const Update& y) { return x.site < y.site; }));
  set_thread_limit(1);
  EXPECT_EQ(digest(fed_avg(global, updates)), expected);
  set_thread_limit(0);
}

TEST(Update, AWrongUpdateIsRefusedWithItsReason) {
  const ModelState global = state_of({{"head", {1, 2}}, {"trunk", {3}}});
  const auto refusal = [&](const std::function<void(Update&)>& spoil, ErrorCode code) {
    Update update = update_of("site_b", state_of({{"head", {0.5F, 0.5F}}, {"trunk", {1}}}), 3);
    EXPECT_NO_THROW(require_valid(update, global, 1, "digest"));
    spoil(update);
    try {
      require_valid(update, global, 1, "digest");
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      EXPECT_THAT(error.what(), HasSubstr("site_b"));
      return std::string(error.what());
    }
    ADD_FAILURE() << "nothing was thrown";
    return std::string();
  };
  EXPECT_THAT(refusal([](Update& u) { u.round = 0; }, ErrorCode::kMismatch), HasSubstr("round 0"));
  EXPECT_THAT(refusal([](Update& u) { u.base_digest = "old"; }, ErrorCode::kMismatch), HasSubstr("another global model"));
  EXPECT_THAT(refusal([](Update& u) { u.delta.tensors[0].values[1] = std::nanf(""); }, ErrorCode::kCorruptData), HasSubstr("head.weight"));
  EXPECT_THAT(refusal([](Update& u) { u.delta.tensors[1].values[0] = INFINITY; }, ErrorCode::kCorruptData), HasSubstr("not finite"));
  EXPECT_THAT(refusal([](Update& u) { u.delta.tensors[0].shape = {1, 2}; }, ErrorCode::kMismatch), HasSubstr("shape"));
  EXPECT_THAT(refusal([](Update& u) { u.delta.tensors[0].values.push_back(1); }, ErrorCode::kMismatch), HasSubstr("head.weight"));
  EXPECT_THAT(refusal([](Update& u) { u.delta.tensors[1].name = "zzz"; }, ErrorCode::kMismatch), HasSubstr("zzz"));
  EXPECT_THAT(refusal([](Update& u) { u.cases_per_group["trunk"] = -1; }, ErrorCode::kCorruptData), HasSubstr("-1"));
  EXPECT_THAT(refusal([](Update& u) { u.cases_per_group.erase("head"); }, ErrorCode::kMismatch), HasSubstr("missing"));
  EXPECT_THAT(refusal([](Update& u) { u.delta.tensors.push_back(u.delta.tensors[1]); }, ErrorCode::kMismatch), HasSubstr("twice"));
}

TEST(FedAvg, TwoUpdatesOfOneSiteAreRefused) {
  const ModelState global = state_of({{"trunk", {0}}});
  const Update update = update_of("a", state_of({{"trunk", {1}}}), 1);
  EXPECT_THROW(fed_avg(global, std::vector{update, update}), Error);
}

TEST(FedAvg, ASiteWhoseValuesAreNotFiniteIsNamedNotAveraged) {
  for (const float bad : {std::nanf(""), INFINITY, -INFINITY}) {
    std::vector<Update> updates;
    for (const char* site : {"east", "north", "west"}) updates.push_back(update_of(site, state_of({{"trunk", std::vector<float>(100, 1)}}), 3));
    updates[1].delta.tensors[0].values[77] = bad;
    const std::string words = test::refusal(ErrorCode::kCorruptData, [&] { fed_avg(state_of({{"trunk", std::vector<float>(100, 0)}}), updates); });
    EXPECT_THAT(words, testing::AllOf(HasSubstr("\"north\""), HasSubstr("trunk.weight"), HasSubstr("not finite")));
  }
}

TEST(FedAvg, UpdatesThatShareTheirWeightsAreAveragedAsIfTheyDidNot) {
  const ModelState global = state_of({{"head", std::vector<float>(70000, 1)}, {"trunk", {1, 2, 3}}}), delta = state_of({{"head", std::vector<float>(70000, 0.3F)}, {"trunk", {4, 5, 6}}});
  std::vector<Update> own, shared;
  const auto one = std::make_shared<const ModelState>(delta);
  for (int n = 0; n < 9; ++n) {
    own.push_back(update_of("site_" + std::to_string(n), delta, n + 1));
    shared.push_back(own.back());
    shared.back().delta = {};
    shared.back().shared_delta = one;
  }
  EXPECT_EQ(fed_avg(global, shared), fed_avg(global, own));
}

}  // namespace
}  // namespace consilium::fl
