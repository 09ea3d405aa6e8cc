#include "imaging/phantom/acquire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "imaging/phantom/ct.h"
#include "imaging/phantom/pet.h"
#include "tests/support/refusal.h"

namespace consilium::imaging {
namespace {

constexpr std::size_t kSide = 60;

/// A cube of one tissue below plane x = `boundary`, another above, without variation inside a tissue.
Head two_tissues(Tissue low, Tissue high, double boundary_mm) {
  Head head;
  const Geometry grid{{kSide, kSide, kSide}, {1, 1, 1}, {-29.5, -29.5, -29.5}, kIdentity3};
  head.tissues = {grid, std::vector<Label>(voxel_count(grid))};
  head.truth = {grid, std::vector<Label>(voxel_count(grid), 0)};
  head.condition.assign(voxel_count(grid), kConditionLevels / 2);
  for (std::size_t n = 0; n < head.tissues.labels.size(); ++n) {
    const double x = grid.origin_mm[0] + static_cast<double>(n % kSide);
    head.tissues.labels[n] = static_cast<Label>(x < boundary_mm ? low : high);
  }
  return head;
}

Head only(Tissue tissue) { return two_tissues(tissue, tissue, 0); }

/// The head's own field of view in voxels of `spacing_mm`.
Acquisition plain(PhantomModality modality, double spacing_mm) {
  Acquisition a;
  a.modality = modality;
  a.grid = acquisition_grid(SliceOrientation::kAxial, {spacing_mm, spacing_mm, spacing_mm}, {60, 60, 60}, 0);
  a.snr = 1e6;
  a.noise_hu = 0;
  a.bias = 0;
  a.psf_fwhm_mm = 0;
  return a;
}

Volume take(const Head& head, const Acquisition& acquisition, std::uint64_t seed = 5) {
  Rng rng(seed);
  return acquire(head, acquisition, rng);
}

double mean(const Volume& v) {
  return std::accumulate(v.voxels.begin(), v.voxels.end(), 0.0) / static_cast<double>(v.voxels.size());
}

double mean_square(const Volume& v) {
  return std::inner_product(v.voxels.begin(), v.voxels.end(), v.voxels.begin(), 0.0) / static_cast<double>(v.voxels.size());
}

TEST(Acquire, NoiseWithoutSignalIsRayleigh) {
  Acquisition a = plain(PhantomModality::kMr, 1);
  a.snr = 20;
  const Volume air = take(only(Tissue::kAir), a);
  const double sigma = a.gain / a.snr;
  // 216,000 voxels, fixed seed: four standard errors of the mean (0.655 sigma / 465) and of the mean square.
  EXPECT_NEAR(mean(air), sigma * std::sqrt(std::numbers::pi / 2), 4 * 0.655 * sigma / 465);
  EXPECT_NEAR(mean_square(air), 2 * sigma * sigma, 4 * 2 * sigma * sigma / 465);
  EXPECT_GE(*std::min_element(air.voxels.begin(), air.voxels.end()), 0);
}

TEST(Acquire, NoiseWithSignalIsRician) {
  Acquisition a = plain(PhantomModality::kMr, 1);
  a.snr = 3;  // low, where magnitude and normal noise differ: the mean is 5.7 per cent of sigma above the signal
  const Volume white = take(only(Tissue::kWhiteMatter), a);
  const double sigma = a.gain / a.snr;
  // E[m^2] = A^2 + 2 sigma^2 (Gudbjartsson and Patz, doi:10.1002/mrm.1910340618); its variance is 4 sigma^2 (A^2 + sigma^2).
  const double error = std::sqrt(4 * sigma * sigma * (a.gain * a.gain + sigma * sigma)) / 465;
  EXPECT_NEAR(mean_square(white), a.gain * a.gain + 2 * sigma * sigma, 4 * error);
  EXPECT_GT(mean(white), a.gain + 0.1 * sigma);
}

TEST(Acquire, GainIsTheValueOfWhiteMatterWhateverTheSequence) {
  for (const MrSequence& sequence :
       {MrSequence{.kind = MrKind::kSpinEcho, .tr_ms = 4000, .te_ms = 100},
        MrSequence{.kind = MrKind::kSpoiledGradientEcho, .tr_ms = 20, .te_ms = 4, .flip_degrees = 20},
        MrSequence{.kind = MrKind::kInversionRecovery, .tr_ms = 9000, .te_ms = 100, .ti_ms = 2500}}) {
    Acquisition a = plain(PhantomModality::kMr, 6);
    a.sequence = sequence;
    a.gain = 137;
    EXPECT_NEAR(mean(take(only(Tissue::kWhiteMatter), a)), 137, 0.01);
  }
}

TEST(Acquire, VoxelOnTheBoundaryHoldsTheMeanOfWhatIsInIt) {
  // 60 voxels of 1 mm, boundary at -2: 28 of them bone. In voxels of 6 mm the boundary cuts the fifth column, 4 mm of it bone.
  const Head head = two_tissues(Tissue::kSkull, Tissue::kWhiteMatter, -2);
  const Volume ct = take(head, plain(PhantomModality::kCt, 6));
  const double bone = ct_number_hu(Tissue::kSkull, kConditionLevels / 2, 0),
               white = ct_number_hu(Tissue::kWhiteMatter, kConditionLevels / 2, 0);
  EXPECT_NEAR(ct.voxels[offset_of(ct.geometry.size, 3, 5, 5)], bone, 0.01);
  EXPECT_NEAR(ct.voxels[offset_of(ct.geometry.size, 4, 5, 5)], (4 * bone + 2 * white) / 6, 0.01);
  EXPECT_NEAR(ct.voxels[offset_of(ct.geometry.size, 5, 5, 5)], white, 0.01);
}

TEST(Acquire, MeanOfTheImageDoesNotDependOnTheVoxelSize) {
  const Head head = two_tissues(Tissue::kSkull, Tissue::kWhiteMatter, -2);
  const double fine = mean(take(head, plain(PhantomModality::kCt, 1)));
  for (const double spacing : {2.0, 3.0, 5.0, 6.0})
    EXPECT_NEAR(mean(take(head, plain(PhantomModality::kCt, spacing))), fine, 0.05);
}

TEST(Acquire, ShadingIsSmoothAndBoundedAndAbsentWhenNotAskedFor) {
  Acquisition a = plain(PhantomModality::kMr, 2);
  const auto spread = [](const Volume& v) {
    const auto [low, high] = std::minmax_element(v.voxels.begin(), v.voxels.end());
    return std::log(*high / *low);
  };
  EXPECT_LT(spread(take(only(Tissue::kWhiteMatter), a)), 1e-4);
  a.bias = 0.3;
  const Volume shaded = take(only(Tissue::kWhiteMatter), a);
  EXPECT_GT(spread(shaded), 0.1);
  EXPECT_LE(spread(shaded), 2 * 1.5 * 0.3 + 1e-3);
  double steepest = 0;
  for (std::size_t n = 1; n < shaded.voxels.size(); ++n)
    if (n % shaded.geometry.size[0] != 0)
      steepest = std::max(steepest, std::abs(std::log(static_cast<double>(shaded.voxels[n] / shaded.voxels[n - 1]))));
  EXPECT_LT(steepest, 0.05);  // per 2 mm: a coil's field, not texture
  EXPECT_NE(take(only(Tissue::kWhiteMatter), a, 6).voxels, shaded.voxels);
}

TEST(Acquire, MotionFoldsGhostsIntoTheBackgroundAndKeepsTheSignal) {
  Head head = only(Tissue::kAir);
  for (std::size_t k = 20; k < 40; ++k)
    for (std::size_t j = 25; j < 30; ++j)
      for (std::size_t i = 20; i < 40; ++i)
        head.tissues.labels[offset_of(head.tissues.geometry.size, i, j, k)] = static_cast<Label>(Tissue::kWhiteMatter);
  Acquisition a = plain(PhantomModality::kMr, 1);
  const Volume still = take(head, a);
  a.motion = 0.2;
  const Volume moved = take(head, a);
  const auto at = [](const Volume& v, std::size_t i, std::size_t j, std::size_t k) {
    return v.voxels[offset_of(v.geometry.size, i, j, k)];
  };
  EXPECT_NEAR(at(moved, 30, 27, 30), 0.8 * a.gain, 1);
  for (const std::size_t j : {27 - 12, 27 + 12}) {  // a fifth of the 60 rows away
    EXPECT_NEAR(at(still, 30, j, 30), 0, 1);
    EXPECT_NEAR(at(moved, 30, j, 30), 0.1 * a.gain, 1);
    EXPECT_NEAR(at(moved, 10, j, 30), 0, 1);  // along the rows only
  }
  EXPECT_NEAR(mean(moved), mean(still), 0.01);
}

TEST(Acquire, TruthIsTumourWhereHalfOfTheVoxelIs) {
  Head head = only(Tissue::kWhiteMatter);
  const Size3& size = head.truth.geometry.size;
  for (std::size_t n = 0; n < head.truth.labels.size(); ++n) {
    const std::size_t i = n % size[0];
    head.truth.labels[n] = i < 2 ? 1 : i < 3 ? 3 : i < 8 ? 2 : 0;  // in voxels of 6 mm: 2 + 1 + 3 of 6, then 2 of 6
  }
  const LabelMap truth = truth_on_grid(head, plain(PhantomModality::kMr, 6).grid);
  EXPECT_EQ(truth.labels[offset_of(truth.geometry.size, 0, 5, 5)], 2);
  EXPECT_EQ(truth.labels[offset_of(truth.geometry.size, 1, 5, 5)], 0);
}

TEST(Acquire, GridCoversTheFieldOfViewAndIsRightHanded) {
  for (const auto orientation : {SliceOrientation::kAxial, SliceOrientation::kSagittal, SliceOrientation::kCoronal}) {
    const Geometry grid = acquisition_grid(orientation, {2, 3, 4}, {168, 210, 156}, 7);
    validate(grid);
    const auto& d = grid.direction;
    double determinant = 0;
    for (std::size_t c = 0; c < 3; ++c)
      determinant += d[0][c] * (d[1][(c + 1) % 3] * d[2][(c + 2) % 3] - d[1][(c + 2) % 3] * d[2][(c + 1) % 3]);
    EXPECT_NEAR(determinant, 1, 1e-12);
    const Vec3 middle = to_position_mm(grid, {(grid.size[0] - 1) / 2.0, (grid.size[1] - 1) / 2.0, (grid.size[2] - 1) / 2.0});
    for (const double x : middle) EXPECT_NEAR(x, 0, 1e-9);
  }
  EXPECT_EQ(acquisition_grid(SliceOrientation::kAxial, {2, 3, 4}, {168, 210, 156}, 0).size, (Size3{84, 70, 39}));
  EXPECT_EQ(acquisition_grid(SliceOrientation::kSagittal, {2, 3, 4}, {168, 210, 156}, 0).size, (Size3{105, 52, 42}));
  EXPECT_EQ(acquisition_grid(SliceOrientation::kCoronal, {2, 3, 4}, {168, 210, 156}, 0).size, (Size3{84, 52, 53}));
}

TEST(Acquire, WhatNoScannerCanDoIsRefused) {
  Acquisition a = plain(PhantomModality::kMr, 6);
  a.sequence.te_ms = 600;  // longer than TR
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [&] { take(only(Tissue::kAir), a); }), testing::HasSubstr("te_ms"));
  a = plain(PhantomModality::kMr, 6);
  a.field_tesla = 7;
  EXPECT_THAT(test::refusal(ErrorCode::kUnsupported, [&] { take(only(Tissue::kAir), a); }), testing::HasSubstr("1.5 and 3 T"));
  a = plain(PhantomModality::kMr, 6);
  a.snr = 0;
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [&] { take(only(Tissue::kAir), a); }), testing::HasSubstr("snr"));
  EXPECT_THAT(test::refusal(ErrorCode::kUsage,
                            [] {
                              acquisition_grid(SliceOrientation::kAxial, {0.1, 0.1, 0.1}, {400, 400, 400}, 0);
                            }),
              testing::HasSubstr("2^28"));
}

TEST(CtNumbers, LieInTheClinicalRanges) {
  const auto hu = [](Tissue tissue, double dose = 0) { return ct_number_hu(tissue, kConditionLevels / 2, dose); };
  const auto between = [&](Tissue tissue, double low, double high) {
    EXPECT_GE(hu(tissue), low) << to_string(tissue);
    EXPECT_LE(hu(tissue), high) << to_string(tissue);
  };
  EXPECT_EQ(hu(Tissue::kAir), -1000);
  between(Tissue::kScalpFat, -120, -70);
  between(Tissue::kCsf, 0, 15);
  between(Tissue::kWhiteMatter, 20, 32);
  between(Tissue::kGreyMatter, 35, 42);
  between(Tissue::kMuscle, 40, 70);
  between(Tissue::kSkull, 700, 1500);
  EXPECT_LT(hu(Tissue::kOedema), hu(Tissue::kWhiteMatter));  // dark on CT
  EXPECT_GT(hu(Tissue::kEnhancing, 1), hu(Tissue::kEnhancing) + 20);
  EXPECT_LT(hu(Tissue::kNecrotic, 1), hu(Tissue::kNecrotic) + 5);
}

TEST(CtNumbers, NoiseHasTheSpreadAskedFor) {
  Acquisition a = plain(PhantomModality::kCt, 1);
  a.noise_hu = 6;
  const Volume ct = take(only(Tissue::kWhiteMatter), a);
  const double average = mean(ct);
  EXPECT_NEAR(std::sqrt(mean_square(ct) - average * average), 6, 4 * 6 / (465 * std::sqrt(2.0)));
}

TEST(Pet, PointSpreadHasTheWidthAskedForAndLosesNothing) {
  const Geometry grid{{41, 41, 41}, {1.5, 2, 1}, {0, 0, 0}, kIdentity3};
  Volume point{grid, std::vector<float>(voxel_count(grid), 0)};
  point.voxels[offset_of(grid.size, 20, 20, 20)] = 1000;
  const double fwhm_mm = 6;
  const Volume blurred = blur_gaussian(point, fwhm_mm);
  EXPECT_NEAR(mean(blurred), mean(point), 1e-6);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    double second = 0, total = 0;
    for (std::size_t n = 0; n < blurred.voxels.size(); ++n) {
      const std::array<std::size_t, 3> at{n % 41, n / 41 % 41, n / 41 / 41};
      const double away = (static_cast<double>(at[axis]) - 20) * grid.spacing_mm[axis];
      second += blurred.voxels[n] * away * away;
      total += blurred.voxels[n];
    }
    // Sampling a Gaussian at these steps and cutting it at four sigma changes its width by less than half a per cent.
    EXPECT_NEAR(std::sqrt(second / total) * 2 * std::sqrt(2 * std::log(2.0)), fwhm_mm, 0.005 * fwhm_mm);
  }
}

TEST(Pet, UptakeIsHighestInTumourAndGreyMatterAndBlurred) {
  const auto suv = [](Tissue tissue) { return fdg_suv(tissue, kConditionLevels / 2); };
  EXPECT_NEAR(suv(Tissue::kGreyMatter) / suv(Tissue::kWhiteMatter), 3, 0.3);
  EXPECT_GT(suv(Tissue::kEnhancing), suv(Tissue::kGreyMatter));
  EXPECT_LT(suv(Tissue::kNecrotic), suv(Tissue::kWhiteMatter));
  EXPECT_EQ(suv(Tissue::kAir), 0);
  Acquisition a = plain(PhantomModality::kPet, 2);
  a.psf_fwhm_mm = 6;
  const Volume pet = take(two_tissues(Tissue::kAir, Tissue::kGreyMatter, 0), a);
  const auto at = [&](std::size_t i) { return pet.voxels[offset_of(pet.geometry.size, i, 15, 15)]; };
  EXPECT_NEAR(at(14) + at(15), suv(Tissue::kGreyMatter), 0.05);  // either side of the edge, symmetric
  EXPECT_GT(at(14), 0.2 * suv(Tissue::kGreyMatter));
  EXPECT_NEAR(at(5), 0, 0.01);
}

TEST(Pet, NoiseGrowsAsTheRootOfTheUptake) {
  Acquisition a = plain(PhantomModality::kPet, 1);
  a.snr = 20;
  const Volume pet = take(only(Tissue::kGreyMatter), a);
  const double average = mean(pet), expected = std::sqrt(average) / a.snr;
  EXPECT_NEAR(average, fdg_suv(Tissue::kGreyMatter, kConditionLevels / 2), 4 * expected / 465);
  EXPECT_NEAR(std::sqrt(mean_square(pet) - average * average), expected, 0.01 * expected);
}

}  // namespace
}  // namespace consilium::imaging
