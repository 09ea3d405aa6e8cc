#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "imaging/phantom/head.h"
#include "tests/support/refusal.h"

namespace consilium::imaging {
namespace {

Head draw(HeadOptions options, std::uint64_t seed = 3) {
  options.spacing_mm = 3;
  Rng rng(seed);
  return make_head(options, rng);
}

HeadOptions healthy(double atrophy) {
  HeadOptions options;
  options.atrophy = atrophy;
  options.tumour.present = false;
  return options;
}

double tissue_ml(const Head& head, Tissue tissue) {
  const auto count = std::count(head.tissues.labels.begin(), head.tissues.labels.end(), static_cast<Label>(tissue));
  const Vec3& s = head.tissues.geometry.spacing_mm;
  return static_cast<double>(count) * s[0] * s[1] * s[2] / 1000;
}

/// Share of the voxels of one tissue that touch another over a face.
double touching(const Head& head, Tissue tissue, Tissue other) {
  const Size3& size = head.tissues.geometry.size;
  const std::array<std::size_t, 3> stride{1, size[0], size[0] * size[1]};
  std::size_t all = 0, touch = 0;
  for (std::size_t k = 1; k + 1 < size[2]; ++k)
    for (std::size_t j = 1; j + 1 < size[1]; ++j)
      for (std::size_t i = 1; i + 1 < size[0]; ++i) {
        const std::size_t at = offset_of(size, i, j, k);
        if (head.tissues.labels[at] != static_cast<Label>(tissue)) continue;
        ++all;
        touch += std::any_of(stride.begin(), stride.end(), [&](std::size_t step) {
          return head.tissues.labels[at + step] == static_cast<Label>(other) ||
                 head.tissues.labels[at - step] == static_cast<Label>(other);
        });
      }
  return all == 0 ? 0 : static_cast<double>(touch) / static_cast<double>(all);
}

TEST(Anatomy, VolumesAreThoseOfAHead) {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    const Head head = draw(healthy(0.3), seed);
    const double grey = tissue_ml(head, Tissue::kGreyMatter), white = tissue_ml(head, Tissue::kWhiteMatter);
    EXPECT_GT(grey + white, 800);  // adults: 1000..1600 ml, doi:10.1016/j.cell.2023.01.001; the phantom's brain is small
    EXPECT_LT(grey + white, 1700);
    EXPECT_GT(grey, 0.3 * (grey + white));
    EXPECT_LT(grey, 0.75 * (grey + white));
    EXPECT_GT(tissue_ml(head, Tissue::kSkull), 150);
    EXPECT_GT(tissue_ml(head, Tissue::kScalpFat), 100);
    EXPECT_GT(tissue_ml(head, Tissue::kCsf), 80);
    EXPECT_GT(tissue_ml(head, Tissue::kVentricle), 5);
    EXPECT_LT(tissue_ml(head, Tissue::kVentricle), 120);
  }
}

TEST(Anatomy, AgeWidensTheSpacesAndMarksTheWhiteMatter) {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    const Head young = draw(healthy(0.1), seed), old = draw(healthy(0.9), seed);
    EXPECT_GT(tissue_ml(old, Tissue::kVentricle), 1.5 * tissue_ml(young, Tissue::kVentricle));
    EXPECT_GT(tissue_ml(old, Tissue::kCsf), 1.2 * tissue_ml(young, Tissue::kCsf));
    // Bright on FLAIR without being tumour (doi:10.1136/bmj.c3666: a few ml to tens of ml in old age).
    EXPECT_GT(tissue_ml(old, Tissue::kHyperintensity), 2);
    EXPECT_LT(tissue_ml(young, Tissue::kHyperintensity), 0.3 * tissue_ml(old, Tissue::kHyperintensity));
    EXPECT_EQ(std::count(old.truth.labels.begin(), old.truth.labels.end(), 0),
              static_cast<std::ptrdiff_t>(old.truth.labels.size()));
  }
}

TEST(Anatomy, BrainIsWrappedInCsfAndBone) {
  const Head head = draw(healthy(0.3));
  EXPECT_LT(touching(head, Tissue::kGreyMatter, Tissue::kScalpFat), 1e-3);  // but for the thin roof of the orbits
  EXPECT_EQ(touching(head, Tissue::kWhiteMatter, Tissue::kAir), 0);
  EXPECT_GT(touching(head, Tissue::kGreyMatter, Tissue::kCsf), 0.3);
  EXPECT_GT(touching(head, Tissue::kSkull, Tissue::kCsf), 0.15);
}

TEST(Anatomy, PatientsDifferAndAllFitTheGrid) {
  HeadOptions options = healthy(0.5);
  options.pose_degrees = 8;
  std::vector<double> brain_ml;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const Head head = draw(options, seed);
    brain_ml.push_back(tissue_ml(head, Tissue::kGreyMatter) + tissue_ml(head, Tissue::kWhiteMatter));
    const std::size_t layer = head.tissues.geometry.size[0] * head.tissues.geometry.size[1];
    const auto is_inside = [](Label label) { return is_brain(static_cast<Tissue>(label)); };
    // The scalp of the tallest heads leaves the field of view, as in scanners; their brain does not.
    EXPECT_TRUE(
        std::none_of(head.tissues.labels.end() - static_cast<std::ptrdiff_t>(layer), head.tissues.labels.end(), is_inside));
  }
  const auto [least, most] = std::minmax_element(brain_ml.begin(), brain_ml.end());
  EXPECT_GT(*most, 1.05 * *least);
}

TEST(Tumour, HasANecroticCoreARimAroundItAndOedemaOutside) {
  HeadOptions options;
  options.tumour = {.radius_mm = 20, .rim_mm = 5, .oedema_reach_mm = 14};
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    const Head head = draw(options, seed);
    EXPECT_GT(tissue_ml(head, Tissue::kNecrotic), 1);
    EXPECT_GT(tissue_ml(head, Tissue::kEnhancing), 5);
    EXPECT_GT(tissue_ml(head, Tissue::kOedema), 10);
    // Necrosis is wrapped: it rarely lies bare beside healthy white matter.
    EXPECT_LT(touching(head, Tissue::kNecrotic, Tissue::kWhiteMatter), 0.1);
    EXPECT_GT(touching(head, Tissue::kNecrotic, Tissue::kEnhancing), touching(head, Tissue::kNecrotic, Tissue::kOedema));
    EXPECT_GT(touching(head, Tissue::kOedema, Tissue::kWhiteMatter), 0.1);
  }
}

TEST(Tumour, GrowsWithItsRadiusAndOedemaWithItsReach) {
  const auto volume = [](const TumourOptions& tumour, Label first, Label last) {
    HeadOptions options;
    options.tumour = tumour;
    const Head head = draw(options);
    return std::count_if(head.truth.labels.begin(), head.truth.labels.end(),
                         [&](Label label) { return label == first || label == last; });
  };
  EXPECT_GT(volume({.radius_mm = 22}, 1, 3), 3 * volume({.radius_mm = 11}, 1, 3));
  EXPECT_GT(volume({.oedema_reach_mm = 20}, 2, 2), 2 * volume({.oedema_reach_mm = 4}, 2, 2));
}

TEST(Head, OptionsOutsideTheirRangeAreNamed) {
  HeadOptions options;
  options.tumour.irregularity = 0.9;
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [&] { draw(options); }), testing::HasSubstr("tumour.irregularity"));
  options = {};
  options.atrophy = -0.1;
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [&] { draw(options); }), testing::HasSubstr("atrophy"));
}

}  // namespace
}  // namespace consilium::imaging
