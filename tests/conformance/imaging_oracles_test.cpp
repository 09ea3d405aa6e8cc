#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "imaging/label_scheme.h"
#include "imaging/metrics/overlap.h"
#include "imaging/metrics/surface_distance.h"
#include "imaging/nifti/nifti_header.h"
#include "imaging/ops/intensity.h"
#include "imaging/ops/orient.h"
#include "imaging/ops/resample.h"
#include "tests/support/shared_data.h"

namespace consilium::imaging {
namespace {

const char* const kFile = "oracles/imaging.json";

using Mask = std::vector<std::uint8_t>;

Mask sphere(double radius, const std::vector<double>& centre, const std::vector<double>& spacing, std::size_t n = 99) {
  Mask mask;
  for (std::size_t k = 0; k < n; ++k)
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t i = 0; i < n; ++i) {
        const double x = static_cast<double>(i) * spacing[0] - centre[0], y = static_cast<double>(j) * spacing[1] - centre[1], z = static_cast<double>(k) * spacing[2] - centre[2];
        mask.push_back(x * x + y * y + z * z <= radius * radius ? 1 : 0);
      }
  return mask;
}

Mask flat(const Json& rows) {
  Mask mask;
  for (const Json& row : rows)
    for (const Json& value : row) mask.push_back(value.get<std::uint8_t>());
  return mask;
}

TEST(ImagingOracles, HausdorffDistanceOfShiftedSpheres) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  for (const char* name : {"hd_spheres_shift_1_1_1", "hd_spheres_anisotropic"}) {
    SCOPED_TRACE(name);
    const Json oracle = test::oracle("imaging", name);
    const auto spacing = oracle["input"]["spacing"].get<std::vector<double>>();
    const auto make = [&](const char* who) { return sphere(oracle["input"][who]["r"], oracle["input"][who]["c"].get<std::vector<double>>(), spacing); };
    const Mask prediction = make("pred"), reference = make("ref");
    const Geometry grid{{99, 99, 99}, {spacing[0], spacing[1], spacing[2]}, {0, 0, 0}, kIdentity3};
    const Json& expected = oracle["expected"];
    constexpr double kTolerance = 1e-5;
    const auto near = [&](const char* key, double found) {
      if (expected.contains(key)) {
        EXPECT_NEAR(found, expected[key].get<double>(), kTolerance) << key;
      }
    };
    near("euclidean_max", hd95_mm(prediction, reference, grid, {.percentile = 100}));
    near("hd_symmetric", hd95_mm(prediction, reference, grid, {.percentile = 100}));
    near("hd95_monai_max_of_directed", hd95_mm(prediction, reference, grid));
    near("hd95_monai", hd95_mm(prediction, reference, grid));
    near("hd95_pooled_medpy", hd95_mm(prediction, reference, grid, {.kind = HausdorffKind::kPooled}));
    near("dice", *dice(prediction, reference));
    if (expected.contains("hd_directed")) {
      const auto distances = surface_distances(prediction, reference, grid).prediction_to_reference;
      near("hd_directed", *std::max_element(distances.begin(), distances.end()));
    }
    if (expected.contains("n_voxels")) {
      EXPECT_EQ(std::count(prediction.begin(), prediction.end(), 1), expected["n_voxels"][0].get<long>());
      EXPECT_EQ(std::count(reference.begin(), reference.end(), 1), expected["n_voxels"][1].get<long>());
    }
  }
}

TEST(ImagingOracles, PanopticaSquare) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("imaging", "panoptica_assd_rvd");
  const Mask prediction = flat(oracle["input"]["pred"]), reference = flat(oracle["input"]["ref"]);
  EXPECT_NEAR(*dice(prediction, reference), oracle["expected"]["dice"].get<double>(), 1e-12);
  // Its surface distances are of a plane: here every voxel of a single slice is at the image's edge, hence surface.
  const Geometry grid{{4, 4, 1}, {1, 1, 1}, {0, 0, 0}, kIdentity3};
  EXPECT_NEAR(volume_ml(prediction, grid) / volume_ml(reference, grid) - 1, oracle["expected"]["rvd_(pred-ref)/ref"].get<double>(), 1e-12);
}

TEST(ImagingOracles, EmptyMasksFollowTheChosenPolicy) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json expected = test::oracle("imaging", "dice_empty_reference_policies")["expected"];
  const Mask none{0, 0, 0}, some{0, 1, 0};
  const auto check = [&](const char* key, EmptyPolicy policy) {
    // order of the oracle: (reference, prediction) = (empty, empty), (empty, some), (some, empty)
    const std::vector<std::optional<double>> found{dice(none, none, policy), dice(some, none, policy), dice(none, some, policy)};
    for (int n = 0; n < 3; ++n) {
      if (expected[key][n].is_string()) {
        EXPECT_FALSE(found[n].has_value()) << key << n;
      } else {
        ASSERT_TRUE(found[n].has_value()) << key << n;
        EXPECT_EQ(*found[n], expected[key][n].get<double>()) << key << n;
      }
    }
  };
  check("monai_ignore_empty_true", EmptyPolicy::kUndefinedIfReferenceEmpty);
  check("monai_ignore_empty_false", EmptyPolicy::kOneIfBothEmpty);
  check("brats2023", EmptyPolicy::kOneIfBothEmpty);
  check("nnunet", EmptyPolicy::kUndefinedIfBothEmpty);
  check("deepmind_dice", EmptyPolicy::kUndefinedIfBothEmpty);

  const Geometry brats{{240, 240, 155}, {1, 1, 1}, {0, 0, 0}, kIdentity3};
  EXPECT_NEAR(diagonal_mm(brats), test::oracle("imaging", "hd_penalty_constant")["expected"]["diagonal_mm"].get<double>(), 1e-9);
  const Geometry small{{3, 1, 1}, {1, 1, 1}, {0, 0, 0}, kIdentity3};
  EXPECT_EQ(hd95_mm(none, none, small), 0);
  EXPECT_EQ(hd95_mm(none, some, small, {.penalty_mm = 374}), 374);
  EXPECT_EQ(hd95_mm(some, none, small), diagonal_mm(small));
}

TEST(ImagingOracles, BratsNumbersBecomeRegions) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("imaging", "brats_label_region_maps");
  LabelMap stored{{{3, 3, 1}, {1, 1, 1}, {0, 0, 0}, kIdentity3}, {}};
  for (const Json& row : oracle["input"]["label_map"])
    for (const Json& value : row) stored.labels.push_back(value.get<Label>());
  const LabelMap internal = to_internal(stored, label_scheme("brats2021"));
  EXPECT_EQ(from_internal(internal, label_scheme("brats2021")), stored);
  for (const auto& [name, region] : {std::pair{"TC", Region::kTC}, {"WT", Region::kWT}, {"ET", Region::kET}}) {
    Mask expected;
    for (const Json& row : oracle["expected"][name])
      for (const Json& value : row) expected.push_back(value.get<std::uint8_t>());
    EXPECT_EQ(region_mask(internal, region), expected) << name;
  }
}

TEST(ImagingOracles, ZscoreOverNonzeroVoxels) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("imaging", "zscore_nonzero");
  const Volume volume{{{4, 1, 1}, {1, 1, 1}, {0, 0, 0}, kIdentity3}, oracle["input"]["x"].get<std::vector<float>>()};
  const auto expected = oracle["expected"]["y"].get<std::vector<float>>();
  const Volume scaled = zscore_foreground(volume);
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(scaled.voxels[i], expected[i], 1e-6);

  Volume counting{{{24, 1, 1}, {1, 1, 1}, {0, 0, 0}, kIdentity3}, {}};
  for (int i = 1; i <= 24; ++i) counting.voxels.push_back(static_cast<float>(i));
  // channel_wise: the first of two channels of twelve values
  counting.geometry.size[0] = 12;
  counting.voxels.resize(12);
  const Json first = test::oracle("imaging", "zscore_channelwise_int")["expected"]["first_values"];
  const Volume channel = zscore_foreground(counting);
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_NEAR(channel.voxels[i], first[i].get<double>(), 1e-6);
}

TEST(ImagingOracles, ResampledShapeRoundsAsNnunet) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("imaging", "nnunet_resampled_shape");
  for (std::size_t n = 0; n < oracle["input"].size(); ++n) {
    const Json& in = oracle["input"][n];
    Geometry g;
    Vec3 wanted;
    for (int axis = 0; axis < 3; ++axis) {
      g.size[axis] = in["shape"][axis].get<std::size_t>();
      g.spacing_mm[axis] = in["old"][axis].get<double>();
      wanted[axis] = in["new"][axis].get<double>();
    }
    const Geometry grid = grid_with_spacing(g, wanted);
    EXPECT_EQ(Json(grid.size), oracle["expected"][n]);
  }
}

TEST(ImagingOracles, OrientationOfMonaisExample) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  // The array is [2, 1, 2, 3] = channel, i, j, k in numpy order (k fastest), affine RAS diag(-1, -1, 1): that is LPS identity.
  const Json oracle = test::oracle("imaging", "orientation_als");
  for (int channel = 0; channel < 2; ++channel) {
    Volume volume{{{1, 2, 3}, {1, 1, 1}, {0, 0, 0}, kIdentity3}, std::vector<float>(6)};
    for (std::size_t j = 0; j < 2; ++j)
      for (std::size_t k = 0; k < 3; ++k) volume.voxels[offset_of(volume.geometry.size, 0, j, k)] = static_cast<float>(channel * 6 + j * 3 + k);
    const Volume turned = orient(volume, "ALS");
    const Json& expected = oracle["expected"]["data"][channel];
    ASSERT_EQ(turned.geometry.size, (Size3{2, 1, 3}));
    for (std::size_t i = 0; i < 2; ++i)
      for (std::size_t k = 0; k < 3; ++k) EXPECT_EQ(turned.voxels[offset_of(turned.geometry.size, i, 0, k)], expected[i][0][k].get<float>());
  }
}

TEST(ImagingOracles, QuaternionsOfRotations) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("imaging", "nifti_quaternion");
  const double a = 20 * std::acos(-1.0) / 180;
  const Matrix3 rotation{{{std::cos(a), -std::sin(a), 0}, {std::sin(a), std::cos(a), 0}, {0, 0, 1}}};
  Matrix3 mirrored = rotation;  // diag(-1, 1, 1) R, its third column turned so that it is a rotation
  for (double& value : mirrored[0]) value = -value;
  for (auto& row : mirrored) row[2] = -row[2];
  int n = 0;
  for (const Matrix3& m : {rotation, mirrored}) {
    const auto quaternion = to_quaternion(m);
    const Json& expected = oracle["expected"][n++]["quatern_bcd"];
    for (int c = 0; c < 3; ++c) EXPECT_NEAR(quaternion[c], expected[c].get<double>(), 1e-6);
  }
}

/// Voxels that are on in a grid of the oracle's axes; the last axis of numpy's order is our i.
Mask boxes(const Size3& size, const std::function<bool(std::size_t, std::size_t, std::size_t)>& inside) {
  Mask mask(size[0] * size[1] * size[2]);
  for (std::size_t k = 0; k < size[2]; ++k)
    for (std::size_t j = 0; j < size[1]; ++j)
      for (std::size_t i = 0; i < size[0]; ++i) mask[offset_of(size, i, j, k)] = inside(i, j, k) ? 1 : 0;
  return mask;
}

TEST(ImagingOracles, HausdorffDistanceOfSmallShapesIsThatOfSurfaceElements) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  // Areas, mean surface distance and surface Dice of these oracles are defined on surface elements, which are not built; Dice and the
  // Hausdorff distances are the same with surface voxels.
  constexpr double kTolerance = 1e-3;
  const auto check = [&](const Json& oracle, const Mask& prediction, const Mask& reference, const Geometry& grid) {
    const Json& expected = oracle["expected"];
    EXPECT_NEAR(hd95_mm(prediction, reference, grid, {.percentile = 100}), expected["hd100"].get<double>(), kTolerance);
    EXPECT_NEAR(hd95_mm(prediction, reference, grid), expected["hd95"].get<double>(), kTolerance);
    EXPECT_NEAR(*dice(prediction, reference), expected["dice"].get<double>(), 1e-6);
  };
  const Json pixels = test::oracle("imaging", "surface_distance_two_pixels_2d");
  const Size3 flat{128, 128, 1};
  const auto pixel = [&](const char* who) {
    const Json& on = pixels["input"][who][0];
    return boxes(flat, [&](auto i, auto j, auto) { return i == on[0].get<std::size_t>() && j == on[1].get<std::size_t>(); });
  };
  check(pixels, pixel("pred_on"), pixel("ref_on"), {flat, {2, 1, 1}, {0, 0, 0}, kIdentity3});

  const Json voxels = test::oracle("imaging", "surface_distance_two_voxels_3d");
  const Size3 cube{128, 128, 128};
  const auto voxel = [&](const char* who) {
    const auto on = voxels["input"][who][0].get<std::vector<std::size_t>>();
    return boxes(cube, [&](auto i, auto j, auto k) { return i == on[0] && j == on[1] && k == on[2]; });
  };
  check(voxels, voxel("pred_on"), voxel("ref_on"), {cube, {3, 2, 1}, {0, 0, 0}, kIdentity3});

  const Json slabs = test::oracle("imaging", "surface_distance_two_slabs_3d");
  const Size3 block{100, 100, 100};
  const auto slab = [&](std::size_t last) { return boxes(block, [&](auto i, auto, auto) { return i <= last; }); };
  check(slabs, slab(50), slab(49), {block, {2, 1, 1}, {0, 0, 0}, kIdentity3});
}

TEST(ImagingOracles, SurfaceVoxelsAreMonais) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  // Surface Dice at 0 mm is the share of surface voxels at distance 0: it fails as soon as one surface voxel is another than MONAI's.
  const Json oracle = test::oracle("imaging", "nsd_voxel_definition_3d");
  const Size3 size{200, 110, 80};
  const auto share = [&](bool foreground) {
    const auto mask = [&](std::size_t first) { return boxes(size, [&](auto, auto, auto k) { return (k >= first) == foreground; }); };
    const auto distances = surface_distances(mask(20), mask(30), {size, {1, 1, 1}, {0, 0, 0}, kIdentity3});
    const auto zeros = [](const std::vector<double>& d) { return static_cast<double>(std::count(d.begin(), d.end(), 0.0)); };
    return (zeros(distances.prediction_to_reference) + zeros(distances.reference_to_prediction)) /
           static_cast<double>(distances.prediction_to_reference.size() + distances.reference_to_prediction.size());
  };
  EXPECT_NEAR(share(true), oracle["expected"]["fg"].get<double>(), 1e-6);
  EXPECT_NEAR(share(false), oracle["expected"]["bg"].get<double>(), 1e-6);
}

TEST(ImagingOracles, MeanDiceLeavesOutWhatIsUndefined) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("imaging", "dice_mean_reductions");
  const Json &prediction = oracle["input"]["pred_BCHW"], &reference = oracle["input"]["ref_BCHW"];
  struct Mean {
    double sum = 0, count = 0;
    void add(double value) { sum += value, ++count; }
    double value() const { return sum / count; }
  };
  std::vector<Mean> over_batch(prediction[0].size());
  Mean overall;
  for (std::size_t b = 0; b < prediction.size(); ++b) {
    Mean over_channels;
    for (std::size_t c = 0; c < prediction[b].size(); ++c) {
      const auto value = dice(flat(prediction[b][c]), flat(reference[b][c]), EmptyPolicy::kUndefinedIfReferenceEmpty);
      if (!value) continue;
      over_channels.add(*value);
      over_batch[c].add(*value);
    }
    overall.add(over_channels.value());
  }
  for (std::size_t c = 0; c < over_batch.size(); ++c) EXPECT_NEAR(over_batch[c].value(), oracle["expected"]["mean_batch"][c].get<double>(), 1e-4);
  EXPECT_NEAR(overall.value(), oracle["expected"]["mean_channel_then_batch"].get<double>(), 1e-4);
}

TEST(ImagingOracles, HausdorffDistanceOfEmptyMasksIsThePenaltyOfBrats2023) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json expected = test::oracle("imaging", "hd_empty_masks")["expected"]["brats2023_csv"];
  const double penalty = test::oracle("imaging", "hd_penalty_constant")["expected"]["brats2023_penalty"];
  const Mask none{0, 0, 0}, some{0, 1, 0};
  const Geometry grid{{3, 1, 1}, {1, 1, 1}, {0, 0, 0}, kIdentity3};
  const HausdorffOptions options{.penalty_mm = penalty};
  EXPECT_EQ(hd95_mm(none, none, grid, options), expected[0].get<double>());
  EXPECT_EQ(hd95_mm(none, some, grid, options), expected[1].get<double>());
  EXPECT_EQ(hd95_mm(some, none, grid, options), expected[2].get<double>());
}

Volume row_of(const std::vector<float>& values) { return {{{values.size(), 1, 1}, {1, 1, 1}, {0, 0, 0}, kIdentity3}, values}; }

TEST(ImagingOracles, CtWindowClipsAndScalesAsNnunetUpToItsShift) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  // nnU-Net: (clip(x, low, high) - mean) / deviation. The window gives (clip(x, low, high) - low) / (high - low).
  const Json oracle = test::oracle("imaging", "nnunet_ct_normalisation");
  const double low = oracle["input"]["p00_5"], high = oracle["input"]["p99_5"], mean = oracle["input"]["mean"], deviation = oracle["input"]["std"];
  const Volume windowed = window_ct(row_of(oracle["input"]["x"].get<std::vector<float>>()), {.level_hu = (low + high) / 2, .width_hu = high - low});
  for (std::size_t n = 0; n < windowed.voxels.size(); ++n)
    EXPECT_NEAR((low + windowed.voxels[n] * (high - low) - mean) / deviation, oracle["expected"]["y"][n].get<double>(), 1e-5);
}

TEST(ImagingOracles, PercentilesAreThoseOfBrainLesionsNormaliser) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("imaging", "percentile_normaliser");
  std::vector<float> values(1001);
  for (std::size_t n = 0; n < values.size(); ++n) values[n] = static_cast<float>(n);
  const Volume clipped = percentile_clip(row_of(values), oracle["input"]["lower"], oracle["input"]["upper"]);
  const double low = oracle["expected"]["lo_hi"][0], high = oracle["expected"]["lo_hi"][1];
  EXPECT_NEAR(*std::min_element(clipped.voxels.begin(), clipped.voxels.end()), low, 1e-6);
  EXPECT_NEAR(*std::max_element(clipped.voxels.begin(), clipped.voxels.end()), high, 1e-4);
  for (std::size_t n = 0; n < oracle["expected"]["y"].size(); ++n) {
    const double found = (clipped.voxels[oracle["input"]["eval_at"][n].get<std::size_t>()] - low) / (high - low);
    EXPECT_NEAR(found, oracle["expected"]["y"][n].get<double>(), 1e-6);
  }
}

}  // namespace
}  // namespace consilium::imaging
