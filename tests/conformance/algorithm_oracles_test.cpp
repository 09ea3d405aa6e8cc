#include <gtest/gtest.h>

#include <cmath>

#include "fl/aggregate/fedavg.h"
#include "imaging/metrics/overlap.h"
#include "imaging/metrics/surface_distance.h"
#include "tests/support/shared_data.h"

namespace consilium {
namespace {

const char* const kFile = "oracles/algorithms.json";
using Mask = std::vector<std::uint8_t>;

/// [low, high) along each axis.
Mask box(const Size3& size, const Json& corners) {
  Mask mask(size[0] * size[1] * size[2]);
  const auto low = corners[0].get<Size3>(), high = corners[1].get<Size3>();
  for (std::size_t k = low[2]; k < high[2]; ++k)
    for (std::size_t j = low[1]; j < high[1]; ++j)
      for (std::size_t i = low[0]; i < high[0]; ++i) mask[offset_of(size, i, j, k)] = 1;
  return mask;
}

TEST(AlgorithmOracles, DiceAndHausdorffDistanceOfBoxes) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  constexpr double kTolerance = 1e-4;
  for (const char* name : {"two_cubes_shift1", "cube_in_cube_aniso"}) {
    SCOPED_TRACE(name);
    const Json oracle = test::oracle("algorithms", name);
    const Geometry grid{oracle["input"]["shape"].get<Size3>(), oracle["input"]["spacing"].get<Vec3>(), {0, 0, 0}, kIdentity3};
    const Mask reference = box(grid.size, oracle["input"]["gt_box"]), prediction = box(grid.size, oracle["input"]["pred_box"]);
    const Json& expected = oracle["expected"];
    EXPECT_NEAR(*imaging::dice(prediction, reference), expected["dice"].get<double>(), 1e-12);
    EXPECT_NEAR(imaging::hd95_mm(prediction, reference, grid, {.percentile = 100}), expected["hd_voxel"].get<double>(),
                kTolerance);
    EXPECT_NEAR(imaging::hd95_mm(prediction, reference, grid), expected["hd95_voxel_max_of_directed"].get<double>(), kTolerance);
    EXPECT_NEAR(imaging::hd95_mm(prediction, reference, grid, {.kind = imaging::HausdorffKind::kPooled}),
                expected["hd95_voxel_pooled"].get<double>(), kTolerance);
  }
}

/// Linear interpolation between order statistics, as numpy.
double percentile_of(std::vector<double> values, double percent) {
  std::sort(values.begin(), values.end());
  const double at = percent / 100 * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (at - static_cast<double>(below)) * (values[above] - values[below]);
}

TEST(AlgorithmOracles, HausdorffDistanceOfMonaisSpheres) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("algorithms", "monai_hd_spheres");
  const Geometry grid{oracle["input"]["shape"].get<Size3>(), {1, 1, 1}, {0, 0, 0}, kIdentity3};
  const auto sphere = [&](const char* radius, const char* centre) {
    const double r = oracle["input"][radius];
    const auto c = oracle["input"][centre].get<Vec3>();
    Mask mask;
    for (std::size_t k = 0; k < grid.size[2]; ++k)
      for (std::size_t j = 0; j < grid.size[1]; ++j)
        for (std::size_t i = 0; i < grid.size[0]; ++i) {
          const double x = static_cast<double>(i) - c[0], y = static_cast<double>(j) - c[1], z = static_cast<double>(k) - c[2];
          mask.push_back(x * x + y * y + z * z <= r * r ? 1 : 0);
        }
    return mask;
  };
  const Mask one = sphere("r1", "c1"), two = sphere("r2", "c2");
  const Json& expected = oracle["expected"];
  const double tolerance = oracle["tolerance"]["rel"].get<double>() * 20;
  const auto directed = imaging::surface_distances(one, two, grid).prediction_to_reference;
  EXPECT_NEAR(percentile_of(directed, 100), expected["hd_directed"].get<double>(), tolerance);
  EXPECT_NEAR(percentile_of(directed, 95), expected["hd95_directed"].get<double>(), tolerance);
  EXPECT_NEAR(imaging::hd95_mm(one, two, grid, {.percentile = 100}), expected["hd_undirected"].get<double>(), tolerance);
  EXPECT_NEAR(imaging::hd95_mm(one, two, grid), expected["hd95_undirected"].get<double>(), tolerance);
}

TEST(AlgorithmOracles, DiceOfFourVoxels) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("algorithms", "dice_simple");
  EXPECT_EQ(*imaging::dice(oracle["input"]["pred"].get<Mask>(), oracle["input"]["gt"].get<Mask>()),
            oracle["expected"].get<double>());
}

/// An update of the given tensors; each is a group of its own.
fl::Update update_of(const std::string& site, std::int64_t cases,
                     const std::vector<std::pair<std::string, std::vector<float>>>& groups) {
  fl::Update update;
  update.site = site;
  for (const auto& [group, values] : groups) {
    update.delta.tensors.push_back({group, group, {static_cast<std::int64_t>(values.size())}, values});
    update.cases_per_group[group] = cases;
  }
  return update;
}

TEST(AlgorithmOracles, FederatedAverageIsMcMahansAndFlowers) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json weighted = test::oracle("algorithms", "fedavg_weighted");
  std::vector<fl::Update> updates;
  for (std::size_t n = 0; n < 3; ++n)
    updates.push_back(update_of("site_" + std::to_string(n), weighted["input"]["n"][n],
                                {{"trunk", weighted["input"]["w"][n].get<std::vector<float>>()}}));
  const ModelState zero{{{"trunk", "trunk", {2}, {0, 0}}}};
  const auto average = fl::fed_avg(zero, updates).tensors[0].values;
  for (std::size_t n = 0; n < 2; ++n) EXPECT_NEAR(average[n], weighted["expected"][n].get<double>(), 1e-7);

  const Json flower = test::oracle("algorithms", "fedavg_flower");
  std::vector<float> same;
  for (const Json& row : flower["input"]["w1"])
    for (const Json& value : row) same.push_back(value);
  const std::vector<fl::Update> equal{update_of("a", flower["input"]["n1"], {{"trunk", same}}),
                                      update_of("b", flower["input"]["n2"], {{"trunk", same}})};
  std::vector<float> expected;
  for (const Json& row : flower["expected"])
    for (const Json& value : row) expected.push_back(value);
  EXPECT_EQ(fl::fed_avg({{{"trunk", "trunk", {6}, std::vector<float>(6)}}}, equal).tensors[0].values, expected);
}

TEST(AlgorithmOracles, ModalityGroupsAreAveragedOverTheSitesThatHaveThem) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("algorithms", "masked_aggregation_by_modality");
  const std::vector<std::string> names{"decoder", "enc_CT", "enc_MR"};
  std::vector<fl::Update> updates;
  for (std::size_t n = 0; n < oracle["input"]["clients"].size(); ++n) {
    std::vector<std::pair<std::string, std::vector<float>>> groups;
    for (const std::string& name : names)
      if (const Json& value = oracle["input"][name][n]; !value.is_null()) groups.push_back({name, {value.get<float>()}});
    updates.push_back(update_of("site_" + std::to_string(n), oracle["input"]["clients"][n]["n"], groups));
  }
  ModelState global;
  for (const char* name : {"decoder", "enc_CT", "enc_MR", "enc_PET"}) global.tensors.push_back({name, name, {1}, {0}});
  global.tensors[3].values[0] = 7;
  const ModelState result = fl::fed_avg(global, updates);
  constexpr double kSinglePrecision = 1e-6;
  for (std::size_t n = 0; n < names.size(); ++n)
    EXPECT_NEAR(result.tensors[n].values[0], oracle["expected"][names[n]].get<double>(), kSinglePrecision) << names[n];
  EXPECT_EQ(result.tensors[3].values[0], 7) << "nobody has PET: its group stays";
}

}  // namespace
}  // namespace consilium
