#include "bench/convolution_cost.h"

#include <torch/torch.h>

#include "models/blocks_module.h"

namespace consilium::bench {
namespace {

/// Collects layers on one grid after the other.
struct Collector {
  std::int64_t samples;
  std::int64_t size;
  std::vector<ConvolutionCost> all{};

  at::Tensor input(int channels, std::size_t level) const {
    const std::int64_t side = size >> level;
    return torch::randn({samples, channels, side, side, side});
  }
  void convolution(const std::string& name, int in, int out, int kernel, int stride, std::size_t level, bool of_image = false) {
    models::WrappedConv layer(in, out, kernel, stride, kernel == 1);
    all.push_back({name, input(in, level), [layer](const at::Tensor& x) mutable { return layer(x); }, of_image});
  }
  void block(const std::string& name, int in, int out, int stride, std::size_t level, bool of_image = false) {
    convolution(name + ".conv1", in, out, 3, stride, stride == 2 ? level - 1 : level, of_image);
    convolution(name + ".conv2", out, out, 3, 1, level);
  }
};

}  // namespace

std::vector<ConvolutionCost> convolutions_of(const models::UNetOptions& network, std::int64_t samples, std::int64_t size, bool trains) {
  Collector collector{samples, size};
  const std::vector<int>& f = network.filters;
  for (const models::ModalityOptions& modality : network.multimodal.modalities)
    for (std::size_t level = 0; level < f.size(); ++level) {
      collector.block(modality.name, level == 0 ? modality.channels : f[level - 1], f[level], level == 0 ? 1 : 2, level, level == 0);
      collector.convolution(modality.name + ".gate", f[level], 1, 1, 1, level);
      if (trains) collector.convolution(modality.name + ".single", f[level], network.out_channels, 1, 1, level);
    }
  for (std::size_t level = 0; level < f.size(); ++level)
    for (const char* of : {"mix", "spread"}) collector.convolution(of, f[level], f[level], 1, 1, level);
  for (std::size_t level = f.size() - 1; level-- > 0;) {
    models::WrappedTransposedConv up(f[level + 1], f[level]);
    collector.all.push_back({"up", collector.input(f[level + 1], level + 1), [up](const at::Tensor& x) mutable { return up(x); }});
    collector.block("decoder", 2 * f[level], f[level], 1, level);
  }
  collector.convolution("head", f[0], network.out_channels, 1, 1, 0);
  return collector.all;
}

void run_convolutions(const std::vector<ConvolutionCost>& convolutions, bool trains) {
  for (const ConvolutionCost& convolution : convolutions) {
    if (!trains) {
      const torch::NoGradGuard no_graph;
      convolution.run(convolution.input);
      continue;
    }
    at::Tensor input = convolution.input.detach();
    if (!convolution.of_image) input.requires_grad_(true);
    const at::Tensor output = convolution.run(input);
    output.backward(torch::ones_like(output));
  }
}

}  // namespace consilium::bench
