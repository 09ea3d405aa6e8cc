#include "pipelines/cluster_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/refusal.h"

namespace consilium::pipelines {
namespace {

using test::refusal;
using testing::HasSubstr;

ClusterSettings parsed(const Json& json) { return clusters_of_training({{"clusters", json}}, "training"); }

TEST(ClusterSettings, ComeBackFromTheirJson) {
  const ClusterSettings settings = parsed({{"count", 3}, {"tensors", {"output_block.*"}}, {"shared_rounds", 2}, {"loss_batches", 5}});
  EXPECT_EQ(parsed(to_json(settings)), settings);
  EXPECT_EQ(parsed(Json::object()), ClusterSettings{});
  EXPECT_EQ(clusters_of_training(Json::array(), "training"), ClusterSettings{});
  EXPECT_FALSE(is_clustered({}));
}

TEST(ClusterSettings, ValuesOutOfRangeAreRefusedByName) {
  for (const auto& [key, value] : std::vector<std::pair<std::string, Json>>{{"count", 0}, {"count", 65}, {"tensors", Json::array()}, {"shared_rounds", -1}, {"loss_batches", 0}})
    EXPECT_THAT(refusal(ErrorCode::kUsage, [&, key = key, value = value] { parsed({{key, value}}); }), HasSubstr("training.clusters." + key));
  EXPECT_THAT(refusal(ErrorCode::kUsage, [] { parsed({{"counts", 2}}); }), HasSubstr("count"));
}

TEST(ClusterSettings, WhatDoesNotGoTogetherWithSeveralModelsIsRefusedWithTheReason) {
  const ClusterSettings two{.count = 2};
  const auto unfit = [&](const LocalTraining& local, bool personal = false) { return refusal(ErrorCode::kUsage, [&] { require_consistent(two, local, personal, 10, "training"); }); };
  EXPECT_THAT(unfit({}, true), HasSubstr("training.personal: with clusters"));
  EXPECT_THAT(unfit({.control_variates = ControlVariates::kMeanGradient}), HasSubstr("SCAFFOLD"));
  EXPECT_THAT(unfit({.feddc_alpha = 0.1}), HasSubstr("FedDC"));
  EXPECT_THAT(unfit({.ditto_lambda = 0.1}), HasSubstr("Ditto"));
  require_consistent(two, {.epochs = 2, .loss_batches = 4}, false, 10, "training");
  require_consistent({}, {.ditto_lambda = 0.1}, true, 10, "training");
}

TEST(ClusterSettings, SharedRoundsLeaveRoundsForClusters) {
  EXPECT_THAT(refusal(ErrorCode::kUsage, [] { require_consistent({.count = 2, .shared_rounds = 10}, {}, false, 10, "training"); }), HasSubstr("10 of 10 rounds"));
  require_consistent({.count = 2, .shared_rounds = 9}, {}, false, 10, "training");
}

TEST(ClusterSettings, PeersErrorFeedbackAndRobustRulesAreRefused) {
  const ClusterSettings two{.count = 2};
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { require_clusters_fit(two, {.has_coordinator = false}, "sim"); }), HasSubstr("sim.topology"));
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { require_clusters_fit(two, {.feeds_errors_back = true}, "sim"); }), HasSubstr("sim.compression"));
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { require_clusters_fit(two, {.compares_sites = true}, "sim"); }), HasSubstr("sim.aggregation.rule"));
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { require_clusters_fit(two, {.counts_owners = true}, "sim"); }), HasSubstr("sim.protection.groups: a site may take another cluster in every round"));
  require_clusters_fit(two, {}, "sim");
  require_clusters_fit({}, {.has_coordinator = false, .feeds_errors_back = true}, "sim");
}

}  // namespace
}  // namespace consilium::pipelines
