#include <gtest/gtest.h>
#include <torch/torch.h>

#include <functional>

#include "base/error.h"
#include "base/files.h"
#include "models/loss_distillation.h"
#include "models/loss_exclusion.h"
#include "models/loss_marginal.h"
#include "models/supervision.h"

// Losses for references that do not tell every class apart: against fixtures/make_partial_losses.py, which computes them in numpy.
namespace consilium::models {
namespace {

const LabelSets kComplete{{0, 1, 2, 3}}, kWholeTumour{{0, 1, 1, 1}}, kCore{{0, 1, 0, 1}};
const DiceLossOptions kSoftmax{.include_background = false, .batch = true}, kSigmoid{.batch = true};

template <typename T>
at::Tensor to_tensor(const Json& nested) {
  std::vector<std::int64_t> shape;
  for (const Json* level = &nested; level->is_array(); level = &level->at(0)) shape.push_back(static_cast<std::int64_t>(level->size()));
  std::vector<T> values;
  const std::function<void(const Json&)> collect = [&](const Json& j) {
    if (!j.is_array()) return values.push_back(j.get<T>());
    for (const Json& part : j) collect(part);
  };
  collect(nested);
  return torch::from_blob(values.data(), shape, c10::CppTypeToScalarType<T>::value).clone();
}

struct Fixture {
  Json json = read_json(fs::path(CONSILIUM_SOURCE_DIR) / "tests/models/fixtures/partial_losses.json");
  at::Tensor labels = to_tensor<std::int64_t>(json["labels"]), student = to_tensor<double>(json["student"]), teacher = to_tensor<double>(json["teacher"]);
};

/// Central differences at every logit.
void expect_gradient(const at::Tensor& at, const std::function<at::Tensor(const at::Tensor&)>& loss, const std::string& what) {
  at::Tensor logits = at.clone().requires_grad_(true);
  loss(logits).backward();
  const at::Tensor gradient = logits.grad().contiguous().view(-1);
  constexpr double kStep = 1e-6, kTolerance = 1e-7;
  double largest = 0;
  for (std::int64_t n = 0; n < at.numel(); ++n) {
    const at::Tensor up = at.clone(), down = at.clone();
    up.view(-1)[n] += kStep;
    down.view(-1)[n] -= kStep;
    const double slope = (loss(up) - loss(down)).item<double>() / (2 * kStep);
    EXPECT_NEAR(gradient[n].item<double>(), slope, kTolerance) << what << ", logit " << n;
    largest = std::max(largest, std::abs(slope));
  }
  EXPECT_GT(largest, 1e-4) << what << ": a loss that nothing changes would pass";
}

TEST(PartialLoss, ValuesAreThoseOfNumpy) {
  const Fixture f;
  const at::Tensor student = f.student.slice(1, 0, 3), teacher = f.teacher.slice(1, 0, 3);
  constexpr double kTolerance = 1e-12;
  for (const Json& c : f.json["cases"]) {
    const LabelSets sets{c["sets"].get<std::vector<std::int64_t>>()};
    const auto expect = [&](const char* loss, const at::Tensor& found) { EXPECT_NEAR(found.item<double>(), c[loss].get<double>(), kTolerance) << c["name"] << ", " << loss; };
    expect("marginal_classes", marginal_dice_ce_loss(f.student, f.labels, sets, kSoftmax));
    expect("marginal_regions", marginal_dice_bce_loss(student, f.labels, sets, kSigmoid));
    expect("exclusion_classes", class_exclusion_loss(f.student, f.labels, sets));
    expect("exclusion_regions", region_exclusion_loss(student, f.labels, sets));
    expect("distillation_classes", class_distillation_loss(f.student, f.teacher, f.labels, sets, 0.5));
    expect("distillation_regions", region_distillation_loss(student, teacher, f.labels, sets, 0.5));
  }
}

TEST(PartialLoss, GradientsAreThoseOfFiniteDifferences) {
  const Fixture f;
  const at::Tensor regions = f.student.slice(1, 0, 3).contiguous(), taught = f.teacher.slice(1, 0, 3);
  for (const Json& c : f.json["cases"]) {
    const LabelSets sets{c["sets"].get<std::vector<std::int64_t>>()};
    const std::string name = c["name"];
    expect_gradient(f.student, [&](const at::Tensor& x) { return marginal_dice_ce_loss(x, f.labels, sets, kSoftmax); }, name + ", marginal, classes");
    expect_gradient(regions, [&](const at::Tensor& x) { return marginal_dice_bce_loss(x, f.labels, sets, kSigmoid); }, name + ", marginal, regions");
    expect_gradient(f.student, [&](const at::Tensor& x) { return class_exclusion_loss(x, f.labels, sets); }, name + ", exclusion, classes");
    if (c["exclusion_regions"] != 0)  // a reference of core and enhancement rules the whole tumour out nowhere
      expect_gradient(regions, [&](const at::Tensor& x) { return region_exclusion_loss(x, f.labels, sets); }, name + ", exclusion, regions");
    expect_gradient(f.student, [&](const at::Tensor& x) { return class_distillation_loss(x, f.teacher, f.labels, sets); }, name + ", distillation, classes");
    expect_gradient(regions, [&](const at::Tensor& x) { return region_distillation_loss(x, taught, f.labels, sets); }, name + ", distillation, regions");
  }
}

TEST(PartialLoss, WithCompleteSetsTheMarginalLossIsThePlainOne) {
  const Fixture f;
  EXPECT_NEAR(marginal_dice_ce_loss(f.student, f.labels, kComplete, kSoftmax).item<double>(), dice_ce_loss(f.student, f.labels, kSoftmax).item<double>(), 1e-12);
  const at::Tensor regions = f.student.slice(1, 0, 3);
  EXPECT_NEAR(marginal_dice_bce_loss(regions, f.labels, kComplete, kSigmoid).item<double>(), dice_bce_loss(regions, to_brats_regions(f.labels).to(torch::kDouble), kSigmoid).item<double>(), 1e-12);
  EXPECT_EQ(class_exclusion_loss(f.student, f.labels, kComplete).item<double>(), 0);
  EXPECT_EQ(region_exclusion_loss(regions, f.labels, kComplete).item<double>(), 0);
  EXPECT_EQ(class_distillation_loss(f.student, f.teacher, f.labels, kComplete).item<double>(), 0);
  EXPECT_EQ(region_distillation_loss(regions, f.teacher.slice(1, 0, 3), f.labels, kComplete).item<double>(), 0);
}

TEST(PartialLoss, DoesNotDependOnWhichClassStandsForItsSet) {
  const Fixture f;
  const at::Tensor other = torch::where(f.labels > 0, torch::full_like(f.labels, 2), f.labels);
  const at::Tensor regions = f.student.slice(1, 0, 3);
  EXPECT_EQ(marginal_dice_ce_loss(f.student, f.labels, kWholeTumour).item<double>(), marginal_dice_ce_loss(f.student, other, kWholeTumour).item<double>());
  EXPECT_EQ(marginal_dice_bce_loss(regions, f.labels, kWholeTumour).item<double>(), marginal_dice_bce_loss(regions, other, kWholeTumour).item<double>());
}

TEST(PartialLoss, OutsideTheWholeTumourThereIsNoCoreAndInsideTheCoreThereIsTumour) {
  const at::Tensor labels = torch::tensor({{0L, 2L}});
  const KnownRegions whole = known_regions(labels, kWholeTumour, torch::kFloat);
  EXPECT_TRUE(torch::equal(whole.known, torch::tensor({{{1.F, 1.F}, {1.F, 0.F}, {1.F, 0.F}}})));
  EXPECT_TRUE(torch::equal(whole.target, torch::tensor({{{0.F, 1.F}, {0.F, 0.F}, {0.F, 0.F}}})));
  EXPECT_EQ(whole.annotated, (std::vector<std::int64_t>{0}));
  const KnownRegions core = known_regions(torch::tensor({{0L, 1L}}), kCore, torch::kFloat);
  EXPECT_TRUE(torch::equal(core.known, torch::tensor({{{0.F, 1.F}, {1.F, 1.F}, {1.F, 0.F}}})));
  EXPECT_TRUE(torch::equal(core.target, torch::tensor({{{0.F, 1.F}, {0.F, 1.F}, {0.F, 0.F}}})));
  EXPECT_EQ(core.annotated, (std::vector<std::int64_t>{1}));
}

TEST(PartialLoss, WhatIsNotKnownHasNoGradient) {
  at::Tensor logits = torch::randn({1, 3, 2}, torch::kDouble).requires_grad_(true);
  marginal_dice_bce_loss(logits, torch::tensor({{0L, 2L}}), kWholeTumour).backward();
  EXPECT_EQ(logits.grad()[0][1][1].item<double>(), 0);
  EXPECT_EQ(logits.grad()[0][2][1].item<double>(), 0);
  EXPECT_GT(logits.grad()[0][1][0].item<double>(), 0);  // no core outside the tumour
}

TEST(PartialLoss, ATeacherThatContradictsTheReferenceTeachesNothing) {
  const Fixture f;
  // The teacher is sure of background everywhere, the reference has tumour everywhere.
  at::Tensor background = torch::zeros_like(f.teacher);
  background.select(1, 0) += 9;
  const at::Tensor tumour = torch::ones_like(f.labels);
  EXPECT_NEAR(class_distillation_loss(f.student, background, tumour, kWholeTumour).item<double>(), 0, 1e-12);
  EXPECT_NEAR(region_distillation_loss(f.student.slice(1, 0, 3), torch::full_like(f.teacher.slice(1, 0, 3), -9), tumour, kWholeTumour).item<double>(), 0, 1e-12);
}

TEST(PartialLoss, SetsThatDoNotFitAreRefused) {
  const Fixture f;
  for (const LabelSets& sets : {LabelSets{{0, 1, 1}}, LabelSets{{0, 0, 0, 0}}, LabelSets{{1, 0, 0, 0}}, LabelSets{{0, 2, 1, 1}}, LabelSets{{0, -1, 1, 1}}})
    EXPECT_THROW(marginal_dice_ce_loss(f.student, f.labels, sets), Error);
}

TEST(Supervision, ABatchOfTwoKindsOfReferencesIsTheMeanOfBoth) {
  const Fixture f;
  const at::Tensor logits = f.student.slice(1, 0, 3).to(torch::kFloat);
  const auto loss = [&](const std::vector<LabelSets>& sets, std::int64_t from, std::int64_t to) { return supervised_loss({logits.slice(0, from, to)}, f.labels.slice(0, from, to), sets, {}, {.regions = true}).item<double>(); };
  EXPECT_NEAR(loss({{}, kWholeTumour}, 0, 2), 0.5 * (loss({{}}, 0, 1) + loss({kWholeTumour}, 1, 2)), 1e-6);
  EXPECT_NE(loss({{}, kWholeTumour}, 0, 2), loss({{}, {}}, 0, 2));
  EXPECT_EQ(supervised_loss({logits}, f.labels, {{}, kWholeTumour}, {}, {.regions = true, .partial = {.loss = PartialLabels::kNaive}}).item<double>(), loss({{}, {}}, 0, 2));
}

TEST(Supervision, ExclusionAndDistillationAreAddedByTheirWeights) {
  const Fixture f;
  const at::Tensor logits = f.student.to(torch::kFloat), teacher = f.teacher.to(torch::kFloat);
  const std::vector<LabelSets> sets{kCore, kCore};
  const auto loss = [&](const PartialLabelOptions& partial) { return supervised_loss({logits}, f.labels, sets, teacher, {.partial = partial}).item<double>(); };
  const double plain = loss({});
  EXPECT_NEAR(loss({.exclusion_weight = 2}), plain + 2 * class_exclusion_loss(logits, f.labels, kCore).item<double>(), 1e-6);
  EXPECT_NEAR(loss({.distillation_weight = 3}), plain + 3 * class_distillation_loss(logits, teacher, f.labels, kCore).item<double>(), 1e-6);
  EXPECT_TRUE(needs_teacher(sets, {.distillation_weight = 3}));
  EXPECT_FALSE(needs_teacher(sets, {}));
  EXPECT_FALSE(needs_teacher({{}, kComplete}, {.distillation_weight = 3}));
}

}  // namespace
}  // namespace consilium::models
