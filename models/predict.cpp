#include "models/predict.h"

#include <torch/torch.h>

#include <algorithm>

#include "base/error.h"
#include "models/autocast_module.h"
#include "models/device_errors_module.h"
#include "models/window.h"
#include "models/window_grid_module.h"

namespace consilium::models {
namespace {

at::Tensor importance(const WindowOptions& options) {
  if (!options.gaussian) return torch::ones({options.patch[0], options.patch[1], options.patch[2]});
  std::array<at::Tensor, 3> axis;
  for (int a = 0; a < 3; ++a) {
    const auto weights = gaussian_importance(static_cast<std::size_t>(options.patch[a]));
    axis[a] = torch::tensor(weights);
  }
  // Far corners must still count: below single precision the sum of weights would be 0 there.
  return (axis[0].view({-1, 1, 1}) * axis[1].view({1, -1, 1}) * axis[2].view({1, 1, -1})).clamp_min(1e-6);
}

/// Channels that are not there, as early fusion by zero filling has them.
at::Tensor with_zeros(const at::Tensor& image, const std::vector<bool>& present) {
  require(static_cast<std::int64_t>(present.size()) == image.size(0), ErrorCode::kMismatch, "of " + std::to_string(present.size()) + " channels is said which are there, the image has " + std::to_string(image.size(0)));
  at::Tensor filled = image.clone();
  for (std::size_t c = 0; c < present.size(); ++c)
    if (!present[c]) filled[static_cast<std::int64_t>(c)].zero_();
  return filled;
}

at::Tensor predict_there(const Segmenter& segmenter, const at::Tensor& image, const WindowOptions& options, const std::vector<bool>& present) {
  const UNetOptions& network = segmenter.options();
  require(image.dim() == 4 && image.size(0) == network.in_channels, ErrorCode::kMismatch, "the network takes an image [" + std::to_string(network.in_channels) + ", D, H, W]");
  const bool multimodal = !network.multimodal.modalities.empty();
  const Presence presence = multimodal ? Presence(2, modalities_of(present, network.multimodal, "the image ")) : Presence{};
  const at::Tensor given = image.to(segmenter.device());
  const WindowGrid grid(multimodal || present.empty() ? given : with_zeros(given, present), options, stride_of(network));
  const torch::NoGradGuard no_grad;
  const AutocastScope autocast(options.precision, segmenter.device());
  const at::Tensor weight = importance(options).to(segmenter.device());
  at::Tensor sum = torch::zeros({network.out_channels, grid.padded.size(1), grid.padded.size(2), grid.padded.size(3)}, given.options());
  at::Tensor total = torch::zeros({grid.padded.size(1), grid.padded.size(2), grid.padded.size(3)}, given.options());
  const std::vector<WindowPlace>& places = grid.places;
  for (std::size_t n = 0; n < places.size(); n += 2) {
    // Two at a time: LibTorch 1.13 sends a batch of one in float32 past oneDNN, several times slower. An odd last one goes twice.
    const std::size_t partner = std::min(n + 1, places.size() - 1);
    const at::Tensor both = segmenter.logits(torch::stack({grid.window_of(grid.padded, places[n]), grid.window_of(grid.padded, places[partner])}), presence)[0].to(torch::kFloat32);
    for (std::size_t m = n; m <= partner; ++m) {
      const at::Tensor logits = both[static_cast<std::int64_t>(m - n)];
      grid.window_of(sum, places[m]).add_((options.sigmoid ? torch::sigmoid(logits) : torch::softmax(logits, 0)) * weight);
      grid.window_of(total, places[m]).add_(weight);
    }
  }
  sum.div_(total);
  return sum.narrow(1, 0, image.size(1)).narrow(2, 0, image.size(2)).narrow(3, 0, image.size(3)).to(torch::kCPU).contiguous();
}

}  // namespace

at::Tensor predict_probabilities(const Segmenter& segmenter, const at::Tensor& image, const WindowOptions& options, const std::vector<bool>& present) {
  return on_device(segmenter.device(), [&] { return predict_there(segmenter, image, options, present); });
}

}  // namespace consilium::models
