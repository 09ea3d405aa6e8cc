#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/rng.h"
#include "pipelines/attack/adversarial_results.h"
#include "pipelines/attack/inversion_results.h"
#include "pipelines/attack/membership_results.h"
#include "tests/support/refusal.h"

namespace consilium::pipelines {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const auto kIsAPage = AllOf(HasSubstr("What this does not show"), HasSubstr("</html>"), Not(HasSubstr("<script")), Not(HasSubstr("http")));

TEST(Separation, IsTheShareOfPairsInOrder) {
  const std::vector<double> members{5, 3, 2}, others{4, 2, 1, 0};
  // 5 above all four, 3 above three, 2 above two and level with one.
  EXPECT_DOUBLE_EQ(separation(members, others).auc, (4 + 3 + 2.5) / 12);
  const Separation apart = separation(std::vector<double>{3, 4}, std::vector<double>{1, 2});
  EXPECT_EQ(apart.auc, 1);
  EXPECT_EQ(apart.members_at_1, 1);
  EXPECT_EQ(separation(others, others).auc, 0.5);
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [&] { separation(members, {}); }), HasSubstr("membership"));
}

TEST(Separation, CountsMembersAboveAThresholdThatSoManyOthersPass) {
  std::vector<double> others;
  for (int n = 0; n < 100; ++n) others.push_back(n);
  // Above 98 lies one of a hundred others, above 89 ten.
  const Separation s = separation(std::vector<double>{98.5, 89.5, 89.5, 10}, others);
  EXPECT_EQ(s.members_at_1, 0.25);
  EXPECT_EQ(s.members_at_10, 0.75);
}

TEST(Separation, IsAboutAHalfForTheSameDistribution) {
  Rng rng(3);
  std::vector<double> members, others;
  for (int n = 0; n < 400; ++n) members.push_back(rng.normal()), others.push_back(rng.normal());
  const Separation s = separation(members, others);
  EXPECT_LT(s.auc_low, 0.5);
  EXPECT_GT(s.auc_high, 0.5);
  EXPECT_LT(s.auc_high - s.auc_low, 0.1);
}

TEST(Membership, TheRatioForgivesHardCases) {
  MembershipResults results{.model = "m", .cases = {{"hard", true, 2.0, 2.5}, {"easy", true, 0.5, 1.0}, {"x", false, 1.0, 1.0}, {"y", false, 0.4, 0.4}}, .settings = {}};
  EXPECT_LT(results.by_loss().auc, 0.5);
  EXPECT_EQ(results.by_ratio()->auc, 1);
  EXPECT_THAT(membership_page(results), kIsAPage);
  EXPECT_THAT(to_text(results), HasSubstr("With 2 others"));
  results.cases[0].reference_loss.reset();
  EXPECT_FALSE(results.by_ratio());
}

TEST(AdversarialResults, SayWhenAGradientIsHidden) {
  AdversarialResults results{.model = "m", .cases = 1, .rows = {{.method = "none", .dice = 0.8, .gradient_share = 1}, {.method = "fgsm", .eps = 0.1, .steps = 1, .dice = 0.5, .gradient_share = 1}, {.method = "pgd", .eps = 0.1, .steps = 10, .dice = 0.3, .gradient_share = 1}}, .settings = {}};
  EXPECT_FALSE(results.hides_gradient());
  EXPECT_THAT(adversarial_page(results), AllOf(kIsAPage, HasSubstr("Dice falls from 0.800 to 0.300"), Not(HasSubstr("hides its gradient"))));
  results.rows[2].dice = 0.7;
  EXPECT_TRUE(results.hides_gradient()) << "more steps do less";
  results.rows[2].dice = 0.3;
  results.rows[2].gradient_share = 0.1;
  EXPECT_THAT(to_text(results), HasSubstr("hides its gradient"));
}

TEST(InversionResults, APatientIsRecognisedByMuchMoreThanAnAttackerHasWithoutTheUpdate) {
  InversionResults results{.channel = "FLAIR", .size = 8, .spacing_mm = 4, .parameters = 1, .outsiders = 2, .rows = {}, .settings = {}};
  InversionRow open, hidden;
  open.name = "single", open.words = "<open>", open.ssim = 0.7, open.floor_ssim = 0.2;
  hidden.name = "secure", hidden.protects = true, hidden.ssim = 0.24, hidden.floor_ssim = 0.2;
  open.original = open.found = hidden.original = hidden.found = std::vector<float>(512, 0);
  open.original[300] = 1;
  results.rows = {open, hidden};
  EXPECT_TRUE(open.is_recognised());
  EXPECT_FALSE(hidden.is_recognised());
  EXPECT_FALSE(hidden.tells_something());
  EXPECT_THAT(inversion_page(results), AllOf(kIsAPage, HasSubstr("Yes without protection, no with it"), HasSubstr("&lt;open&gt;"), HasSubstr("data:image/png;base64,")));
  results.rows[1].ssim = 0.5;
  EXPECT_FALSE(results.rows[1].is_recognised());
  EXPECT_TRUE(results.rows[1].tells_something()) << "a coarse shape is no protection";
  EXPECT_THAT(inversion_page(results), HasSubstr("not every protection"));
  EXPECT_THAT(to_text(results), HasSubstr("more than without it"));
  open.floor_ssim = 0.5;
  EXPECT_FALSE(open.is_recognised());
}

}  // namespace
}  // namespace consilium::pipelines
