#include "models/features.h"

#include <torch/torch.h>

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "models/alignment/class_weights.h"
#include "models/autocast_module.h"
#include "models/device_errors_module.h"
#include "models/index_tensor_module.h"
#include "models/multimodal_module.h"
#include "models/named_tensor_module.h"
#include "models/segmenter_net.h"
#include "models/window_grid_module.h"

namespace consilium::models {
namespace {

MultimodalNetImpl& multimodal(const Segmenter& segmenter) {
  auto* net = dynamic_cast<MultimodalNetImpl*>(segmenter.net().module.get());
  require(net != nullptr, ErrorCode::kUnsupported, "the network has no modalities (model.multimodal.modalities)");
  return *net;
}

std::size_t number_of(const std::string& name, const MultimodalOptions& options, const ModalitySet& present) {
  for (std::size_t m = 0; m < options.modalities.size(); ++m) {
    if (options.modalities[m].name != name) continue;
    require(present[m], ErrorCode::kMismatch, "the image has no " + name);
    return m;
  }
  throw Error(ErrorCode::kMismatch, "the network has no modality " + name);
}

using Visit = std::function<void(const WindowGrid& grid, const WindowPlace& place, const std::vector<ModalityFeatures>& features)>;

/// Encodes every window with the modalities of `set`.
std::int64_t for_each_window(MultimodalNetImpl& net, const at::Tensor& image, const ModalitySet& set, const WindowOptions& options, const Visit& visit) {
  require(image.dim() == 4 && image.size(0) == net.options.in_channels, ErrorCode::kMismatch, "the network takes an image [" + std::to_string(net.options.in_channels) + ", D, H, W]");
  const WindowGrid grid(image.to(net.device()), options, stride_of(net.options));
  const torch::NoGradGuard no_grad;
  const AutocastScope autocast(options.precision, net.device());
  on_device(net.device(), [&] {
    for (const WindowPlace& place : grid.places) visit(grid, place, net.encode(grid.window_of(grid.padded, place).unsqueeze(0), {set}));
  });
  return static_cast<std::int64_t>(grid.places.size());
}

ModalitySet only(std::size_t modality, std::size_t count) {
  ModalitySet set(count, false);
  set[modality] = true;
  return set;
}

constexpr std::int64_t kCells = kEmbeddedCells * kEmbeddedCells * kEmbeddedCells;

/// Of each place of a window, x fastest: the cell of the image in which its middle lies; kCells: in the padding.
std::vector<std::int64_t> cells_of(const WindowGrid& grid, const WindowPlace& place, const at::Tensor& image, std::int64_t stride) {
  std::array<std::vector<std::int64_t>, 3> along;
  for (std::size_t axis = 0; axis < 3; ++axis)
    for (std::int64_t n = 0; n < grid.patch[axis] / stride; ++n) {
      const std::int64_t middle = place[axis] + n * stride + stride / 2, size = image.size(static_cast<std::int64_t>(axis) + 1);
      along[axis].push_back(middle < size ? middle * kEmbeddedCells / size : -1);
    }
  std::vector<std::int64_t> cells;
  for (const std::int64_t z : along[0])
    for (const std::int64_t y : along[1])
      for (const std::int64_t x : along[2]) cells.push_back(z < 0 || y < 0 || x < 0 ? kCells : (z * kEmbeddedCells + y) * kEmbeddedCells + x);
  return cells;
}

}  // namespace

std::map<std::string, double> gate_weights(const Segmenter& segmenter, const at::Tensor& image, const std::vector<bool>& present, const WindowOptions& window) {
  MultimodalNetImpl& net = multimodal(segmenter);
  const MultimodalOptions& options = net.options.multimodal;
  const ModalitySet set = modalities_of(present, options, "the image ");
  std::vector<at::Tensor> sums;
  const std::int64_t windows = for_each_window(net, image, set, window, [&](const WindowGrid&, const WindowPlace&, const std::vector<ModalityFeatures>& features) {
    const std::vector<at::Tensor> gates = net.gates(features, set);
    for (std::size_t level = 0; level < gates.size(); ++level) {
      const at::Tensor own = gates[level].to(torch::kFloat64).sum(0);
      if (sums.size() <= level) sums.push_back(own);
      else sums[level] = sums[level] + own;
    }
  });
  std::map<std::string, double> weights;
  for (std::size_t level = 0; level < sums.size(); ++level) {
    std::int64_t place = 0;
    for (std::size_t m = 0; m < set.size(); ++m)
      if (set[m]) weights[options.modalities[m].name + "." + std::to_string(level)] = sums[level][place++].item<double>() / static_cast<double>(windows);
  }
  return weights;
}

at::Tensor embedding(const Segmenter& segmenter, const at::Tensor& image, const std::vector<bool>& present, const std::string& modality, const WindowOptions& window) {
  MultimodalNetImpl& net = multimodal(segmenter);
  const MultimodalOptions& options = net.options.multimodal;
  const std::size_t m = number_of(modality, options, modalities_of(present, options, "the image "));
  at::Tensor sums = torch::zeros({kCells + 1, kProjected}, torch::TensorOptions(net.device()));  // the last: outside
  const std::int64_t stride = stride_of(net.options);
  for_each_window(net, image, only(m, options.modalities.size()), window, [&](const WindowGrid& grid, const WindowPlace& place, const std::vector<ModalityFeatures>& features) {
    sums.index_add_(0, index_tensor(cells_of(grid, place, image, stride), net.device()), widened(net.project(m, features[m])[0]));
  });
  const at::Tensor cells = sums.narrow(0, 0, kCells), units = torch::nn::functional::normalize(cells).flatten();
  return (units / units.norm().clamp_min(1e-12)).to(torch::kCPU).contiguous();
}

std::map<std::string, std::vector<float>> class_features(const Segmenter& segmenter, const at::Tensor& image, const std::vector<std::uint8_t>& labels, const std::vector<bool>& present,
                                                         const std::string& modality, const WindowOptions& window) {
  MultimodalNetImpl& net = multimodal(segmenter);
  const MultimodalOptions& options = net.options.multimodal;
  const std::size_t m = number_of(modality, options, modalities_of(present, options, "the image "));
  require(image.dim() == 4 && static_cast<std::int64_t>(labels.size()) * image.size(0) == image.numel() && !labels.empty(), ErrorCode::kMismatch, "labels and image are not of one size");
  const at::Tensor classes = index_tensor({labels.begin(), labels.end()}, net.device()).view(image.sizes().slice(1));
  const std::int64_t count = classes.max().item<std::int64_t>() + 1;
  const auto pad = [&](std::int64_t axis) { return std::max<std::int64_t>(0, window.patch[static_cast<std::size_t>(axis)] - image.size(axis + 1)); };
  const at::Tensor padded = torch::constant_pad_nd(classes, {0, pad(2), 0, pad(1), 0, pad(0)}, -1);
  const torch::TensorOptions there(net.device());
  at::Tensor sums = torch::zeros({count, net.options.filters.back()}, there), sizes = torch::zeros({count, 1}, there);
  for_each_window(net, image, only(m, options.modalities.size()), window, [&](const WindowGrid& grid, const WindowPlace& place, const std::vector<ModalityFeatures>& features) {
    const at::Tensor weights = class_weights(grid.window_of(padded, place).unsqueeze(0), {}, count, OutputKind::kClasses, stride_of(net.options));
    const at::Tensor size = weights.flatten(2).sum(2)[0].unsqueeze(1);
    sums += class_means_of_batch(widened(net.alone(features[m])), weights) * size;
    sizes += size;
  });
  std::map<std::string, std::vector<float>> means;
  for (std::int64_t c = 0; c < count; ++c) {
    if (sizes[c].item<float>() == 0) continue;
    means[std::to_string(c)] = values_of(sums[c] / sums[c].norm().clamp_min(1e-12));
  }
  return means;
}

}  // namespace consilium::models
