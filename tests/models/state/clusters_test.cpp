#include "models/state/clusters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/state/safetensors.h"
#include "tests/support/refusal.h"

namespace consilium {
namespace {

using testing::HasSubstr;

ModelState plain(float value) { return {{{"body.weight", "trunk", {2}, {value, value + 1}}, {"head.bias", "head", {1}, {value + 2}}, {"head.weight", "head", {1}, {value + 3}}}}; }
const std::vector<std::size_t> kHead{1, 2}, kAll{0, 1, 2};

std::vector<std::string> names_of(const ModelState& model) {
  std::vector<std::string> names;
  for (const NamedTensor& tensor : model.tensors) names.push_back(tensor.name + " of " + tensor.group);
  return names;
}

TEST(Clusters, LieSideBySideInGroupsOfTheirOwnAndShareTheRest) {
  const ModelState joined = join_clusters(std::vector<ModelState>{plain(10), plain(20)}, kHead);
  EXPECT_THAT(names_of(joined), testing::ElementsAre("body.weight of trunk", "cluster_0/head.bias of cluster_0/head", "cluster_0/head.weight of cluster_0/head", "cluster_1/head.bias of cluster_1/head",
                                                     "cluster_1/head.weight of cluster_1/head"));
  EXPECT_EQ(cluster_count(joined), 2);
  EXPECT_EQ(cluster_count(plain(1)), 0);
  ModelState second = plain(20);
  second.tensors[0] = plain(10).tensors[0];
  EXPECT_EQ(cluster_of(joined, 0), plain(10));
  EXPECT_EQ(cluster_of(joined, 1), second) << "the shared tensor is the first model's";
}

/// Names are sorted as text, so that "cluster_10" comes before "cluster_2".
TEST(Clusters, ElevenComeBackFromTheirFile) {
  std::vector<ModelState> models;
  for (int k = 0; k < 11; ++k) models.push_back(plain(static_cast<float>(10 * k)));
  const ModelState joined = parse_safetensors(encode_safetensors(join_clusters(models, kAll)), "file").state;
  EXPECT_EQ(joined, join_clusters(models, kAll));
  EXPECT_EQ(cluster_count(joined), 11);
  for (std::size_t k = 0; k < models.size(); ++k) EXPECT_EQ(cluster_of(joined, static_cast<std::int64_t>(k)), models[k]);
}

TEST(Clusters, WhatWasTrainedIsPlacedInItsClustersAndSharedTensorsOnce) {
  const ModelState joined = join_clusters(std::vector<ModelState>{plain(0), plain(0), plain(0)}, kHead);
  const std::vector<std::int64_t> last{2}, two{0, 2};
  EXPECT_THAT(names_of(place_in_clusters(plain(1), joined, last)), testing::ElementsAre("body.weight of trunk", "cluster_2/head.bias of cluster_2/head", "cluster_2/head.weight of cluster_2/head"));
  EXPECT_EQ(place_in_clusters(plain(1), joined, two).tensors.size(), 5U);
  EXPECT_EQ(cluster_of(place_in_clusters(plain(1), joined, two), 2), plain(1));
}

TEST(Clusters, ModelsOfOtherLayoutsAndTooManyAreRefused) {
  ModelState other = plain(1);
  other.tensors[0].shape = {1, 2};
  EXPECT_THAT(test::refusal(ErrorCode::kMismatch, [&] { join_clusters(std::vector<ModelState>{plain(0), other}, kAll); }), HasSubstr("body.weight"));
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [&] { join_clusters(std::vector<ModelState>(65, plain(0)), kAll); }), HasSubstr("1 to 64 clusters"));
}

/// A model that came over the wire or from a file may hold any names.
TEST(Clusters, OddNamesAreNoClusters) {
  for (const char* name : {"cluster_/w", "cluster_-1/w", "cluster_01/w", "cluster_64/w", "cluster_99999999999999999999/w", "cluster_1", "my_cluster_1/w"})
    EXPECT_EQ(cluster_count({{{name, name, {1}, {0}}}}), 0) << name;
  EXPECT_EQ(cluster_count({{{"cluster_1/w", "trunk", {1}, {0}}}}), 0) << "name and group go together";
  EXPECT_THAT(test::refusal(ErrorCode::kMismatch, [] { cluster_of(join_clusters(std::vector<ModelState>{plain(0), plain(0)}, kAll), 2); }), HasSubstr("no cluster 2; it holds 2"));
  const ModelState twice{{{"cluster_0/w", "cluster_0/trunk", {1}, {0}}, {"w", "trunk", {1}, {0}}}};
  EXPECT_THAT(test::refusal(ErrorCode::kMismatch, [&] { cluster_of(twice, 0); }), HasSubstr("both shared and of cluster 0"));
}

}  // namespace
}  // namespace consilium
