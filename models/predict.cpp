#include "models/predict.h"

#include <torch/torch.h>

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
  const auto window_of = [&](const at::Tensor& x, std::size_t d, std::size_t h, std::size_t w) {
    const std::int64_t first = x.dim() - 3;
    return x.narrow(first, static_cast<std::int64_t>(d), options.patch[0]).narrow(first + 1, static_cast<std::int64_t>(h), options.patch[1]).narrow(first + 2, static_cast<std::int64_t>(w), options.patch[2]);
  };
  for (const std::size_t d : starts[0])
    for (const std::size_t h : starts[1])
      for (const std::size_t w : starts[2]) {
        const at::Tensor logits = segmenter.logits(window_of(padded, d, h, w).unsqueeze(0).contiguous())[0][0].to(torch::kFloat32);
        window_of(sum, d, h, w).add_((options.sigmoid ? torch::sigmoid(logits) : torch::softmax(logits, 0)) * weight);
        window_of(total, d, h, w).add_(weight);
      }
  sum.div_(total);
  return sum.narrow(1, 0, image.size(1)).narrow(2, 0, image.size(2)).narrow(3, 0, image.size(3)).contiguous();
}

}  // namespace consilium::models
