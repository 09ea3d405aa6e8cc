#include "models/loss_exclusion.h"

#include <torch/torch.h>

#include <algorithm>

#include "base/error.h"
#include "models/loss_marginal.h"

namespace consilium::models {
namespace {

constexpr double kSmooth = 1e-5;

}  // namespace

at::Tensor exclusion_loss(const at::Tensor& probabilities, const at::Tensor& excluded) {
  require(probabilities.sizes() == excluded.sizes() && probabilities.dim() >= 3, ErrorCode::kMismatch, "probabilities and excluded places differ in shape");
  std::vector<std::int64_t> axes{0};
  for (std::int64_t axis = 2; axis < probabilities.dim(); ++axis) axes.push_back(axis);
  const at::Tensor overlap = (probabilities * excluded).sum(axes), total = probabilities.sum(axes) + excluded.sum(axes);
  return (2 * overlap / (total + kSmooth)).mean() + (excluded * torch::log1p(probabilities)).mean();
}

at::Tensor class_exclusion_loss(const at::Tensor& logits, const at::Tensor& labels, const LabelSets& sets) {
  validate(sets, logits.size(1));
  const at::Tensor p = torch::softmax(logits, 1);
  const at::Tensor set_of_voxel = torch::tensor(sets.set_of_class, labels.options()).index_select(0, labels.flatten()).view(labels.sizes());
  std::vector<at::Tensor> predicted, excluded;
  for (std::int64_t c = 1; c < logits.size(1); ++c) {
    const std::int64_t set = sets.set_of_class[static_cast<std::size_t>(c)];
    if (sets.classes_of(set).size() < 2) continue;
    predicted.push_back(p.select(1, c));
    excluded.push_back((set_of_voxel != set).to(logits.scalar_type()));
  }
  if (predicted.empty()) return logits.sum() * 0;
  return exclusion_loss(torch::stack(predicted, 1), torch::stack(excluded, 1));
}

at::Tensor region_exclusion_loss(const at::Tensor& logits, const at::Tensor& labels, const LabelSets& sets) {
  const KnownRegions regions = known_regions(labels, sets, logits.scalar_type());
  std::vector<std::int64_t> absent;
  for (std::int64_t r = 0; r < logits.size(1); ++r)
    if (std::find(regions.annotated.begin(), regions.annotated.end(), r) == regions.annotated.end()) absent.push_back(r);
  if (absent.empty()) return logits.sum() * 0;
  const at::Tensor channels = torch::tensor(absent, labels.options());
  return exclusion_loss(torch::sigmoid(logits).index_select(1, channels), (regions.known * (1 - regions.target)).index_select(1, channels));
}

}  // namespace consilium::models
