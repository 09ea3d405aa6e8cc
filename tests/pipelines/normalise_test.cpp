#include "pipelines/normalise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "imaging/ops/orient.h"
#include "imaging/ops/resample.h"
#include "tests/support/refusal.h"
#include "tests/support/tiny_site.h"

namespace consilium::pipelines {
namespace {

using test::refusal;
using test::tiny_patient;
using testing::HasSubstr;

const NormaliseOptions kTwo{.channels = {"T1ce", "FLAIR"}};

Case raw_case(std::uint64_t seed = 1) {
  const auto patient = tiny_patient(seed);
  return {"patient", {{"T1ce", patient.t1ce}, {"FLAIR", patient.flair}}, patient.labels};
}

TEST(Normalise, GridIsTheReferenceTurnedToLpsAtTheWantedSpacing) {
  Case raw = raw_case();
  raw.images["FLAIR"] = imaging::orient(raw.images["FLAIR"], "IRP");
  const NormalisedCase ready =
      normalise(raw, {.channels = {"T1ce", "FLAIR"}, .reference = "FLAIR", .spacing_mm = {3, 0, 4}, .crop = false});
  EXPECT_EQ(imaging::orientation_code(ready.grid), "LPS");
  EXPECT_EQ(ready.grid.spacing_mm, (Vec3{3, 2, 4}));
  EXPECT_EQ(ready.grid.size, (Size3{12, 17, 8}));  // 36 / 3, 34 / 2, 32 / 4 mm
  for (const Volume& image : ready.images) EXPECT_EQ(image.geometry, ready.grid);
  EXPECT_EQ(ready.labels->geometry, ready.grid);
  EXPECT_EQ(ready.native, raw.labels->geometry);
  // The first voxel's outer corner stays where it was: half a voxel before its centre.
  const Vec3 corner = to_position_mm(ready.grid, {-0.5, -0.5, -0.5}),
             before = to_position_mm(raw.images["T1ce"].geometry, {-0.5, -0.5, -0.5});
  for (int a = 0; a < 3; ++a) EXPECT_NEAR(corner[a], before[a], 1e-9);
}

TEST(Normalise, BrainHasMeanZeroAndDeviationOneAndAirIsZero) {
  const Case raw = raw_case();
  const NormalisedCase ready = normalise(raw, {.channels = {"T1ce"}, .crop = false, .clip_percentile = 0});
  double sum = 0, squares = 0, count = 0;
  for (std::size_t n = 0; n < ready.images[0].voxels.size(); ++n) {
    const float before = raw.images.at("T1ce").voxels[n], after = ready.images[0].voxels[n];
    EXPECT_TRUE(before >= 20 || after == 0) << "air, whose noise stays far below";
    EXPECT_TRUE(before <= 75 || after != 0) << "brain";
    if (after != 0) sum += after, squares += after * after, count += 1;
  }
  EXPECT_NEAR(sum / count, 0, 1e-5);
  EXPECT_NEAR(squares / count, 1, 1e-5);
}

TEST(Normalise, ScannerGainAndPositionMakeNoDifference) {
  Case raw = raw_case(), louder = raw;
  for (auto& [channel, image] : louder.images)
    for (float& value : image.voxels) value *= 37;
  for (auto& [channel, image] : louder.images) image.geometry.origin_mm[1] += 55;
  louder.labels->geometry.origin_mm[1] += 55;
  const NormalisedCase a = normalise(raw, kTwo), b = normalise(louder, kTwo);
  ASSERT_EQ(a.grid.size, b.grid.size);
  for (std::size_t c = 0; c < 2; ++c)
    for (std::size_t n = 0; n < a.images[c].voxels.size(); ++n) ASSERT_NEAR(a.images[c].voxels[n], b.images[c].voxels[n], 1e-4);
  EXPECT_EQ(a.labels->labels, b.labels->labels);
}

TEST(Normalise, CropKeepsTheHeadAndTwoVoxels) {
  const Geometry wide{{40, 40, 40}, {2, 2, 2}, {-39, -39, -39}, kIdentity3};
  const Case raw{"p", {{"T1ce", tiny_patient(1, wide).t1ce}}, std::nullopt};
  const NormalisedCase ready = normalise(raw, {.channels = {"T1ce"}});
  // The ball's radius is 14 mm: voxel centres reach from -13 to 13 mm, 14 voxels, and 2 on each side.
  EXPECT_EQ(ready.grid.size, (Size3{18, 18, 18}));
  EXPECT_EQ(ready.grid.origin_mm, (Vec3{-17, -17, -17}));
}

TEST(Normalise, SkullStrippedImagesAreScaledOverWhatIsNotZero) {
  Case raw = raw_case();
  Volume& image = raw.images["T1ce"];
  for (float& value : image.voxels)
    if (value < 20) value = 0;
  const NormalisedCase ready = normalise(raw, {.channels = {"T1ce"}, .crop = false, .clip_percentile = 0});
  double sum = 0;
  for (std::size_t n = 0; n < image.voxels.size(); ++n) {
    EXPECT_TRUE(image.voxels[n] != 0 || ready.images[0].voxels[n] == 0);
    sum += ready.images[0].voxels[n];
  }
  EXPECT_NEAR(sum, 0, 1e-2);
}

TEST(Normalise, AMasksZerosDoNotCountWhenTailsAreClipped) {
  // 64 voxels with values 1 to 64 in a field of 1,000: percentiles 10 and 90 of all voxels would be 0 and 0.
  const Geometry grid{{10, 10, 10}, {1, 1, 1}, {0, 0, 0}, kIdentity3};
  Volume image{grid, std::vector<float>(1000, 0)};
  for (std::size_t n = 0; n < 64; ++n) image.voxels[10 * n] = static_cast<float>(n + 1);
  Volume alone{{{64, 1, 1}, {1, 1, 1}, {0, 0, 0}, kIdentity3}, {}};
  for (std::size_t n = 0; n < 64; ++n) alone.voxels.push_back(static_cast<float>(n + 1));
  const Volume expected = imaging::zscore(imaging::percentile_clip(alone, 10, 90), std::vector<std::uint8_t>(64, 1));
  const NormalisedCase ready = normalise({"p", {{"MR", image}}, std::nullopt}, {.channels = {"MR"}, .crop = false, .clip_percentile = 10});
  for (std::size_t n = 0; n < 64; ++n) EXPECT_NEAR(ready.images[0].voxels[10 * n], expected.voxels[n], 1e-5) << n;
}

TEST(Normalise, VoxelsThatAreNoNumberCountAsOutside) {
  for (const float odd : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    Case raw = raw_case();
    raw.images["CT"] = raw.images["T1ce"];
    raw.images["PET"] = raw.images["T1ce"];
    for (auto& [channel, image] : raw.images)
      for (float& value : image.voxels)
        if (value < 20) value = odd;
    for (const char* channel : {"T1ce", "CT", "PET"}) {
      const NormalisedCase ready = normalise(raw, {.channels = {channel}, .crop = false});
      const auto& voxels = ready.images[0].voxels;
      EXPECT_TRUE(std::all_of(voxels.begin(), voxels.end(), [](float v) { return std::isfinite(v) && std::abs(v) < 20; }))
          << channel << " with " << odd;
      EXPECT_GT(*std::max_element(voxels.begin(), voxels.end()), 0) << channel << " with " << odd;
    }
  }
}

TEST(Normalise, CtBecomesItsWindowAboutZeroAndPetAFractionOfFiveSuv) {
  Case raw = raw_case();
  const Geometry& grid = raw.images["T1ce"].geometry;
  Volume ct{grid, std::vector<float>(voxel_count(grid), 40)}, pet{grid, std::vector<float>(voxel_count(grid), 2.5F)};
  ct.voxels[0] = -1000, ct.voxels[1] = 80, ct.voxels[2] = 60;
  pet.voxels[0] = -1, pet.voxels[1] = 1e9F;
  raw.images["CT"] = ct, raw.images["PET"] = pet;
  const NormalisedCase ready = normalise(raw, {.channels = {"CT", "PET"}, .crop = false});
  EXPECT_FLOAT_EQ(ready.images[0].voxels[0], -0.5F);
  EXPECT_FLOAT_EQ(ready.images[0].voxels[1], 0.5F);
  EXPECT_FLOAT_EQ(ready.images[0].voxels[2], 0.25F);
  EXPECT_FLOAT_EQ(ready.images[0].voxels[5], 0);
  EXPECT_FLOAT_EQ(ready.images[1].voxels[0], 0);
  EXPECT_FLOAT_EQ(ready.images[1].voxels[1], 10);
  EXPECT_FLOAT_EQ(ready.images[1].voxels[5], 0.5F);
}

TEST(Normalise, LabelsStayWholeNumbersWhenTheGridChanges) {
  const NormalisedCase ready = normalise(raw_case(), {.channels = {"T1ce"}, .spacing_mm = {1.3, 1.7, 2.9}});
  std::array<double, 4> volume_mm3{};
  for (const Label label : ready.labels->labels) {
    ASSERT_LT(label, 4);
    volume_mm3[label] += 1.3 * 1.7 * 2.9;
  }
  const double pi = std::acos(-1.0);
  // Shells of radius 2.5, 4.5 and 7 mm; voxels of 8 mm^3 and of 6.4 mm^3 miss them by less than a fifth.
  EXPECT_NEAR(volume_mm3[1] + volume_mm3[2] + volume_mm3[3], 4 * pi / 3 * 343, 0.2 * 4 * pi / 3 * 343);
  EXPECT_GT(volume_mm3[1], 0);
  EXPECT_GT(volume_mm3[3], 0);
}

TEST(Restore, GivesEveryLabelBackWithinAVoxelOnAnObliqueGrid) {
  const double a = 0.3;
  const Geometry oblique{{20, 18, 14},
                         {1.9, 1.8, 2.6},
                         {-17, -8, -22},
                         {{{std::cos(a), 0, std::sin(a)}, {0, 1, 0}, {-std::sin(a), 0, std::cos(a)}}}};
  Geometry centred = oblique;
  const Vec3 middle = to_position_mm(oblique, {9.5, 8.5, 6.5});
  for (int axis = 0; axis < 3; ++axis) centred.origin_mm[axis] -= middle[axis];
  const auto patient = tiny_patient(4, centred);
  const Case raw{"p", {{"T1ce", imaging::orient(patient.t1ce, "SAR")}}, patient.labels};
  const NormalisedCase ready = normalise(raw, {.channels = {"T1ce"}, .spacing_mm = {1, 1, 1}});
  EXPECT_EQ(ready.native, patient.labels.geometry);
  std::vector<Volume> probabilities(4, {ready.grid, std::vector<float>(voxel_count(ready.grid), 0)});
  for (std::size_t n = 0; n < ready.labels->labels.size(); ++n) probabilities[ready.labels->labels[n]].voxels[n] = 1;
  const LabelMap back = restore(probabilities, ready.native);
  EXPECT_EQ(back.geometry, patient.labels.geometry);
  const Size3& size = centred.size;
  std::size_t same = 0;
  for (std::size_t k = 1; k + 1 < size[2]; ++k)
    for (std::size_t j = 1; j + 1 < size[1]; ++j)
      for (std::size_t i = 1; i + 1 < size[0]; ++i) {
        const Label found = back.labels[offset_of(size, i, j, k)];
        same += found == patient.labels.labels[offset_of(size, i, j, k)] ? 1 : 0;
        bool near = false;
        for (std::size_t n = 0; n < 27; ++n)
          near = near || patient.labels.labels[offset_of(size, i + n % 3 - 1, j + n / 3 % 3 - 1, k + n / 9 - 1)] == found;
        ASSERT_TRUE(near) << "label " << int(found) << " at " << i << " " << j << " " << k;
      }
  EXPECT_GT(static_cast<double>(same) / static_cast<double>((size[0] - 2) * (size[1] - 2) * (size[2] - 2)), 0.98);
}

TEST(Restore, OutsideOfTheGridIsBackground) {
  const Geometry small{{2, 2, 2}, {1, 1, 1}, {0, 0, 0}, kIdentity3}, wide{{8, 2, 2}, {1, 1, 1}, {-3, 0, 0}, kIdentity3};
  const std::vector<Volume> probabilities{{small, std::vector<float>(8, 0.1F)}, {small, std::vector<float>(8, 0.9F)}};
  const LabelMap labels = restore(probabilities, wide);
  EXPECT_EQ(std::count(labels.labels.begin(), labels.labels.end(), 1), 8);
  EXPECT_EQ(labels.labels[offset_of(wide.size, 2, 0, 0)], 0);
  EXPECT_EQ(labels.labels[offset_of(wide.size, 3, 0, 0)], 1);
}

TEST(Normalise, WhatDoesNotBelongTogetherIsRefusedByName) {
  Case raw = raw_case();
  EXPECT_THAT(refusal(ErrorCode::kNotFound,
                      [&] {
                        normalise(raw, {.channels = {"T1ce", "T2"}});
                      }),
              testing::AllOf(HasSubstr("patient"), HasSubstr("T2")));
  raw.images["FLAIR"].geometry.origin_mm[2] += 400;
  EXPECT_THAT(refusal(ErrorCode::kMismatch, [&] { normalise(raw, kTwo); }),
              testing::AllOf(HasSubstr("patient"), HasSubstr("FLAIR")));
  raw = raw_case();
  raw.labels->geometry.origin_mm[0] -= 300;
  EXPECT_THAT(refusal(ErrorCode::kMismatch, [&] { normalise(raw, kTwo); }),
              testing::AllOf(HasSubstr("patient"), HasSubstr("labels")));
}

TEST(NormaliseOptions, ComeBackFromTheirJson) {
  const NormaliseOptions options{.channels = {"CT", "PET"},
                                 .reference = "PET",
                                 .missing = Missing::kAbsent,
                                 .spacing_mm = {1, 2, 3},
                                 .crop = false,
                                 .clip_percentile = 2,
                                 .ct_window = {30, 400},
                                 .pet_scale_suv = 7};
  const Json json = to_json(options);
  NormaliseOptions read;
  SettingsReader reader(json, "normalise");
  read_normalise_options(reader, read);
  EXPECT_EQ(to_json(read), json);
  EXPECT_NE(json, to_json(NormaliseOptions{}));
}

TEST(NormaliseOptions, WrongOnesAreRefusedByName) {
  const auto message = [](const char* text) {
    return refusal(ErrorCode::kUsage, [&] {
      const Json json = parse_json(text, "test");
      NormaliseOptions options;
      SettingsReader reader(json, "normalise");
      read_normalise_options(reader, options);
    });
  };
  EXPECT_THAT(message(R"({"chanels": ["T1"]})"), HasSubstr("did you mean \"channels\""));
  EXPECT_THAT(message(R"({"channels": []})"), HasSubstr("normalise.channels"));
  EXPECT_THAT(message(R"({"channels": ["T1", "T2", "T1"]})"), testing::AllOf(HasSubstr("T1"), HasSubstr("twice")));
  EXPECT_THAT(message(R"({"channels": "T1"})"), HasSubstr("normalise.channels"));
  EXPECT_THAT(message(R"({"channels": ["T1"], "reference": "T2"})"), HasSubstr("T2"));
  EXPECT_THAT(message(R"({"spacing_mm": [1, 1]})"), HasSubstr("spacing_mm"));
  EXPECT_THAT(message(R"({"spacing_mm": [1, 1, -1]})"), HasSubstr("spacing_mm"));
  EXPECT_THAT(message(R"({"spacing_mm": [1, 1, 0.001]})"), HasSubstr("spacing_mm"));  // a head would take terabytes
  EXPECT_THAT(message(R"({"spacing_mm": [1, 1, 51]})"), HasSubstr("spacing_mm"));
  EXPECT_THAT(message(R"({"clip_percentile": 50})"), HasSubstr("clip_percentile"));
  EXPECT_THAT(message(R"({"ct_window": {"width_hu": 0}})"), HasSubstr("width_hu"));
  EXPECT_THAT(message(R"({"ct_window": {"widht_hu": 1}})"), HasSubstr("width_hu"));
  EXPECT_THAT(message(R"({"pet_scale_suv": -1})"), HasSubstr("pet_scale_suv"));
  EXPECT_THAT(message(R"({"crop": 1})"), HasSubstr("normalise.crop"));
}

}  // namespace
}  // namespace consilium::pipelines
