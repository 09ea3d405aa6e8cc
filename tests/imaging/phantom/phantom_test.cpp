#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "imaging/phantom/acquire.h"

namespace consilium::imaging {
namespace {

TEST(MrContrast, SignalsFollowTheirEquations) {
  const MrTissue tissue{.proton_density = 0.8, .t1_ms = 900, .t2_ms = 80, .t2_star_ms = 50, .fat_fraction = 0};
  const double angle = 20 * std::acos(-1.0) / 180, e1 = std::exp(-25.0 / 900);
  EXPECT_NEAR(spoiled_gradient_echo_signal(tissue, 25, 4, 20),
              0.8 * std::sin(angle) * (1 - e1) / (1 - std::cos(angle) * e1) * std::exp(-4.0 / 50), 1e-12);
  // At the nulling time the inverted tissue is silent.
  EXPECT_NEAR(inversion_recovery_signal(tissue, 9000, 100, nulling_ti_ms(900, 9000)), 0, 1e-9);
}

TEST(MrContrast, TissuesAreOrderedAsPhysicsSays) {
  const MrSequence t1{.kind = MrKind::kSpinEcho, .tr_ms = 500, .te_ms = 12},
      t2{.kind = MrKind::kSpinEcho, .tr_ms = 4500, .te_ms = 100};
  const MrSequence flair{.kind = MrKind::kInversionRecovery, .tr_ms = 9000, .te_ms = 120, .ti_ms = 2500};
  const auto signal = [](Tissue tissue, const MrSequence& sequence, double dose = 0) {
    return mr_signal(tissue, kConditionLevels / 2, sequence, 3, dose);
  };
  EXPECT_GT(signal(Tissue::kWhiteMatter, t1), signal(Tissue::kGreyMatter, t1));
  EXPECT_GT(signal(Tissue::kGreyMatter, t1), signal(Tissue::kCsf, t1));
  EXPECT_GT(signal(Tissue::kCsf, t2), signal(Tissue::kGreyMatter, t2));
  EXPECT_GT(signal(Tissue::kGreyMatter, t2), signal(Tissue::kWhiteMatter, t2));
  EXPECT_LT(signal(Tissue::kCsf, flair), 0.5 * signal(Tissue::kWhiteMatter, flair));
  EXPECT_GT(signal(Tissue::kOedema, flair), signal(Tissue::kWhiteMatter, flair));
  EXPECT_GT(signal(Tissue::kEnhancing, t1, 1), 1.2 * signal(Tissue::kEnhancing, t1, 0));
}

TEST(Phantom, SameSeedGivesTheSameHeadAndLowGradeDoesNotEnhance) {
  HeadOptions options;
  options.spacing_mm = 4;
  const auto draw = [&](std::uint64_t seed) {
    Rng rng(seed);
    return make_head(options, rng);
  };
  const Head head = draw(1);
  EXPECT_EQ(head.tissues, draw(1).tissues);
  EXPECT_EQ(head.truth, draw(1).truth);
  EXPECT_NE(head.tissues.labels, draw(2).tissues.labels);
  EXPECT_GT(std::count(head.truth.labels.begin(), head.truth.labels.end(), 3), 0);
  options.tumour.low_grade = true;
  const Head low = draw(1);
  EXPECT_EQ(std::count(low.truth.labels.begin(), low.truth.labels.end(), 3), 0);
  EXPECT_GT(std::count(low.truth.labels.begin(), low.truth.labels.end(), 1), 0);
}

}  // namespace
}  // namespace consilium::imaging
