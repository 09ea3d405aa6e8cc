#include "models/predict.h"

#include <torch/torch.h>

#include <algorithm>

#include "base/error.h"
#include "models/autocast_module.h"
#include "models/window.h"

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

/// First voxel of a window: d, h, w.
using Place = std::array<std::int64_t, 3>;

std::vector<Place> places_of(const std::array<std::vector<std::size_t>, 3>& starts) {
  std::vector<Place> places;
  for (const std::size_t d : starts[0])
    for (const std::size_t h : starts[1])
      for (const std::size_t w : starts[2]) places.push_back({static_cast<std::int64_t>(d), static_cast<std::int64_t>(h), static_cast<std::int64_t>(w)});
  return places;
}

}  // namespace

at::Tensor predict_probabilities(const Segmenter& segmenter, const at::Tensor& image, const WindowOptions& options) {
  require(image.dim() == 4 && image.size(0) == segmenter.options().in_channels, ErrorCode::kMismatch, "the network takes an image [" + std::to_string(segmenter.options().in_channels) + ", D, H, W]");
  const int stride = stride_of(segmenter.options());
  std::array<std::int64_t, 3> pad{};
  std::array<std::vector<std::size_t>, 3> starts;
  for (int a = 0; a < 3; ++a) {
    require(options.patch[a] > 0 && options.patch[a] % stride == 0, ErrorCode::kUsage, "patch size " + std::to_string(options.patch[a]) + " is no multiple of " + std::to_string(stride));
    pad[a] = std::max<std::int64_t>(0, options.patch[a] - image.size(a + 1));
    starts[a] = window_starts(static_cast<std::size_t>(image.size(a + 1) + pad[a]), static_cast<std::size_t>(options.patch[a]), options.overlap);
  }
  const torch::NoGradGuard no_grad;
  const AutocastScope autocast(options.precision);
  const at::Tensor padded = torch::constant_pad_nd(image, {0, pad[2], 0, pad[1], 0, pad[0]}, 0);
  const at::Tensor weight = importance(options);
  at::Tensor sum = torch::zeros({segmenter.options().out_channels, padded.size(1), padded.size(2), padded.size(3)});
  at::Tensor total = torch::zeros({padded.size(1), padded.size(2), padded.size(3)});
  const auto window_of = [&](const at::Tensor& x, const Place& at) {
    const std::int64_t first = x.dim() - 3;
    return x.narrow(first, at[0], options.patch[0]).narrow(first + 1, at[1], options.patch[1]).narrow(first + 2, at[2], options.patch[2]);
  };
  const std::vector<Place> places = places_of(starts);
  for (std::size_t n = 0; n < places.size(); n += 2) {
    // Two at a time: LibTorch 1.13 sends a batch of one in float32 past oneDNN, several times slower. An odd last one goes twice.
    const std::size_t partner = std::min(n + 1, places.size() - 1);
    const at::Tensor both = segmenter.logits(torch::stack({window_of(padded, places[n]), window_of(padded, places[partner])}))[0].to(torch::kFloat32);
    for (std::size_t m = n; m <= partner; ++m) {
      const at::Tensor logits = both[static_cast<std::int64_t>(m - n)];
      window_of(sum, places[m]).add_((options.sigmoid ? torch::sigmoid(logits) : torch::softmax(logits, 0)) * weight);
      window_of(total, places[m]).add_(weight);
    }
  }
  sum.div_(total);
  return sum.narrow(1, 0, image.size(1)).narrow(2, 0, image.size(2)).narrow(3, 0, image.size(3)).contiguous();
}

}  // namespace consilium::models
