#include "models/loss_distillation.h"

#include <torch/torch.h>

#include <algorithm>

#include "base/error.h"
#include "models/loss_marginal.h"

namespace consilium::models {
namespace {

void require_valid(const at::Tensor& student, const at::Tensor& teacher, const at::Tensor& labels, double temperature) {
  require(student.sizes() == teacher.sizes(), ErrorCode::kMismatch, "student and teacher differ in shape");
  require(student.dim() == labels.dim() + 1 && student.size(0) == labels.size(0) && student.sizes().slice(2) == labels.sizes().slice(1), ErrorCode::kMismatch, "logits and labels differ in shape");
  require(temperature > 0, ErrorCode::kUsage, "temperature: expected a number above 0");
}

/// Where `mask` is 0 both are 0, so that the place has no part in the ratio.
at::Tensor masked_dice_loss(const at::Tensor& student, const at::Tensor& teacher, const at::Tensor& mask) { return soft_dice_loss(student * mask, teacher * mask, {.batch = true}); }

}  // namespace

at::Tensor class_distillation_loss(const at::Tensor& student, const at::Tensor& teacher, const at::Tensor& labels, const LabelSets& sets, double temperature) {
  require_valid(student, teacher, labels, temperature);
  validate(sets, student.size(1));
  const at::Tensor table = torch::tensor(sets.set_of_class, labels.options());
  const auto set_of = [&](const at::Tensor& classes) { return table.index_select(0, classes.flatten()).view(labels.sizes()); };
  const at::Tensor marked = set_of(labels), taught = set_of(teacher.argmax(1));
  at::Tensor loss = student.sum() * 0;
  double open = 0;
  for (std::int64_t set = 0; set < sets.count(); ++set) {
    const std::vector<std::int64_t> classes = sets.classes_of(set);
    if (classes.size() < 2) continue;
    // A softmax over the set's classes alone is the softmax over all, divided by its sum over the set.
    const auto conditional = [&](const at::Tensor& logits) { return torch::softmax(logits.index_select(1, torch::tensor(classes, labels.options())) / temperature, 1); };
    const at::Tensor mask = ((marked == set) & (taught == set)).unsqueeze(1).to(student.scalar_type());
    loss = loss + masked_dice_loss(conditional(student), conditional(teacher).detach(), mask);
    ++open;
  }
  return open > 0 ? loss / open : loss;
}

at::Tensor region_distillation_loss(const at::Tensor& student, const at::Tensor& teacher, const at::Tensor& labels, const LabelSets& sets, double temperature) {
  require_valid(student, teacher, labels, temperature);
  const KnownRegions regions = known_regions(labels, sets, student.scalar_type());
  std::vector<std::int64_t> absent;
  for (std::int64_t r = 0; r < student.size(1); ++r)
    if (std::find(regions.annotated.begin(), regions.annotated.end(), r) == regions.annotated.end()) absent.push_back(r);
  if (absent.empty()) return student.sum() * 0;
  const at::Tensor contradicts = (((teacher > 0).to(student.scalar_type()) - regions.target).abs() * regions.known).amax(1, /*keepdim=*/true);
  const at::Tensor channels = torch::tensor(absent, labels.options());
  const at::Tensor mask = ((1 - regions.known) * (1 - contradicts)).index_select(1, channels);
  const auto soft = [&](const at::Tensor& logits) { return torch::sigmoid(logits.index_select(1, channels) / temperature); };
  return masked_dice_loss(soft(student), soft(teacher).detach(), mask);
}

}  // namespace consilium::models
