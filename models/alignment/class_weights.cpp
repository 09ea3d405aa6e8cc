#include "models/alignment/class_weights.h"

#include <torch/torch.h>

#include <algorithm>

#include "models/loss.h"

namespace consilium::models {
namespace {

/// Labels of a region of BraTS: WT is 1, 2 and 3, TC 1 and 3, ET 3.
bool is_in_region(std::int64_t label, std::int64_t region) { return region == 0 ? label != 0 : region == 1 ? label == 1 || label == 3 : label == 3; }

/// Sums of the features over each class, and the classes' sizes: [N, K, C], [N, K, 1].
std::pair<at::Tensor, at::Tensor> sums(const at::Tensor& features, const at::Tensor& weights) {
  const at::Tensor w = weights.flatten(2).to(features.scalar_type());
  return {torch::bmm(w, features.flatten(2).transpose(1, 2)), w.sum(2, /*keepdim=*/true)};
}

at::Tensor divided(const at::Tensor& sum, const at::Tensor& size) { return sum / torch::where(size > 0, size, torch::ones_like(size)); }

}  // namespace

bool is_of_output(std::int64_t label, std::int64_t output, OutputKind kind) { return kind == OutputKind::kRegions ? is_in_region(label, output) : label == output; }

bool tells_apart(const LabelSets& sets, std::int64_t output, OutputKind kind) {
  if (sets.is_complete()) return true;
  if (kind == OutputKind::kClasses) return sets.classes_of(sets.set_of_class[static_cast<std::size_t>(output)]).size() == 1;
  for (std::int64_t set = 0; set < sets.count(); ++set) {
    const auto classes = sets.classes_of(set);
    const auto inside = std::count_if(classes.begin(), classes.end(), [&](std::int64_t label) { return is_in_region(label, output); });
    if (inside != 0 && inside != static_cast<std::ptrdiff_t>(classes.size())) return false;
  }
  return true;
}

at::Tensor class_weights(const at::Tensor& labels, const std::vector<LabelSets>& sets, std::int64_t outputs, OutputKind kind, std::int64_t stride) {
  at::Tensor weights;
  if (kind == OutputKind::kRegions) {
    weights = to_brats_regions(labels);
  } else {
    std::vector<at::Tensor> classes;
    for (std::int64_t c = 0; c < outputs; ++c) classes.push_back((labels == c).to(torch::kFloat32));
    weights = torch::stack(classes, 1);
  }
  weights = at::avg_pool3d(weights, {stride, stride, stride});
  for (std::size_t n = 0; n < sets.size(); ++n)
    for (std::int64_t c = 0; c < outputs; ++c)
      if (!tells_apart(sets[n], c, kind)) weights[static_cast<std::int64_t>(n)][c].zero_();
  return weights;
}

at::Tensor class_means_of_samples(const at::Tensor& features, const at::Tensor& weights) {
  const auto [sum, size] = sums(features, weights);
  return divided(sum, size);
}

at::Tensor class_means_of_batch(const at::Tensor& features, const at::Tensor& weights) {
  const auto [sum, size] = sums(features, weights);
  return divided(sum.sum(0), size.sum(0));
}

}  // namespace consilium::models
