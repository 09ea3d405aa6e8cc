#include "models/conv3d.h"

#include <torch/torch.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "models/autocast_module.h"
#include "models/conv3d_kernel.h"

namespace consilium::models {
namespace {

std::size_t round_up(std::size_t n, std::size_t step) { return (n + step - 1) / step * step; }

struct Shape {
  std::size_t channels, depth, height, width;
};

/// [C, D, H, W] -> [C, D + 2, H + 2, row], zeros around.
void pad_input(const float* source, const Shape& s, std::size_t row, std::vector<float>& target) {
  target.assign(s.channels * (s.depth + 2) * (s.height + 2) * row, 0);
  for (std::size_t c = 0; c < s.channels; ++c)
    for (std::size_t d = 0; d < s.depth; ++d)
      for (std::size_t h = 0; h < s.height; ++h)
        std::copy_n(source + ((c * s.depth + d) * s.height + h) * s.width, s.width, target.data() + ((c * (s.depth + 2) + d + 1) * (s.height + 2) + h + 1) * row + 1);
}

/// [C, D, H, W] -> [C rounded up, D, H, row], zeros at the end of each row and in the added channels.
void pad_gradient(const float* source, const Shape& s, std::size_t row, std::vector<float>& target) {
  target.assign(round_up(s.channels, kChannelsAtOnce) * s.depth * s.height * row, 0);
  for (std::size_t n = 0; n < s.channels * s.depth * s.height; ++n) std::copy_n(source + n * s.width, s.width, target.data() + n * row);
}

/// sums[output block][input][kd][kh] of kChannelsAtOnce x 3 x kLanes -> weights [O, I, 3, 3, 3].
at::Tensor reduce(const std::vector<float>& sums, std::size_t outputs, std::size_t inputs) {
  at::Tensor result = torch::empty({static_cast<std::int64_t>(outputs), static_cast<std::int64_t>(inputs), 3, 3, 3});
  float* target = result.data_ptr<float>();
  for (std::size_t o = 0; o < outputs; ++o)
    for (std::size_t n = 0; n < inputs * 27; ++n) {
      const std::size_t i = n / 27, kd = n / 9 % 3, kh = n / 3 % 3, kw = n % 3;
      const std::size_t block = ((o / kChannelsAtOnce * inputs + i) * 3 + kd) * 3 + kh;
      const float* lanes = sums.data() + ((block * kChannelsAtOnce + o % kChannelsAtOnce) * 3 + kw) * kLanes;
      double sum = 0;
      for (std::size_t lane = 0; lane < kLanes; ++lane) sum += lanes[lane];
      target[o * inputs * 27 + n] = static_cast<float>(sum);
    }
  return result;
}

/// The padded planes of one sample, and where its products are added.
void add_sample(const Shape& in, const Shape& out, const std::vector<float>& x, const std::vector<float>& g, std::vector<float>& sums) {
  const std::size_t columns = round_up(in.width, kLanes), x_row = columns + kLanes, x_plane = (in.height + 2) * x_row, g_plane = out.height * columns;
  const std::size_t blocks = round_up(out.channels, kChannelsAtOnce) / kChannelsAtOnce, block_size = kChannelsAtOnce * 3 * kLanes;
  for (std::size_t d = 0; d < out.depth; ++d)
    for (std::size_t block = 0; block < blocks; ++block) {
      const float* gradient = g.data() + (block * kChannelsAtOnce * out.depth + d) * g_plane;
      for (std::size_t i = 0; i < in.channels; ++i)
        for (std::size_t kd = 0; kd < 3; ++kd)
          for (std::size_t kh = 0; kh < 3; ++kh)
            add_plane_products(x.data() + (i * (in.depth + 2) + d + kd) * x_plane + kh * x_row, x_row, gradient, out.depth * g_plane, out.height, columns,
                               sums.data() + (((block * in.channels + i) * 3 + kd) * 3 + kh) * block_size);
    }
}

/// Planes below this are cheap in oneDNN, and too small to pay for the sums that are kept per plane.
constexpr std::int64_t kLeastPlane = 128;

// What autograd's own modes are too: a property of the thread that a scope sets and restores.
thread_local bool twice_differentiable = false;

struct Conv3dSame : torch::autograd::Function<Conv3dSame> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& input, const at::Tensor& weight) {
    context->save_for_backward({input, weight});
    return at::conv3d(input, weight, {}, 1, 1);
  }
  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context, torch::autograd::tensor_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor& input = saved[0];
    const at::Tensor gradient = gradients[0].contiguous();
    at::Tensor of_input;
    if (input.requires_grad()) {
      const std::vector<std::int64_t> ones{1, 1, 1};
      of_input = std::get<0>(at::convolution_backward(gradient, input, saved[1], c10::nullopt, ones, ones, ones, false, {0, 0, 0}, 1, {true, false, false}));
    }
    return {of_input, conv3d_weight_gradient(input.contiguous(), gradient)};
  }
};

}  // namespace

TwiceDifferentiableScope::TwiceDifferentiableScope() : before_(std::exchange(twice_differentiable, true)) {}
bool TwiceDifferentiableScope::is_active() { return twice_differentiable; }
TwiceDifferentiableScope::~TwiceDifferentiableScope() { twice_differentiable = before_; }

at::Tensor conv3d_weight_gradient(const at::Tensor& input, const at::Tensor& output_gradient) {
  const auto shape_of = [](const at::Tensor& t) { return Shape{static_cast<std::size_t>(t.size(1)), static_cast<std::size_t>(t.size(2)), static_cast<std::size_t>(t.size(3)), static_cast<std::size_t>(t.size(4))}; };
  const Shape in = shape_of(input), out = shape_of(output_gradient);
  const std::size_t columns = round_up(in.width, kLanes);
  std::vector<float> x, g, sums(round_up(out.channels, kChannelsAtOnce) * in.channels * 9 * 3 * kLanes, 0);
  for (std::int64_t n = 0; n < input.size(0); ++n) {
    pad_input(input[n].data_ptr<float>(), in, columns + kLanes, x);
    pad_gradient(output_gradient[n].data_ptr<float>(), out, columns, g);
    add_sample(in, out, x, g, sums);
  }
  return reduce(sums, out.channels, in.channels);
}

at::Tensor conv3d_same(const at::Tensor& input, const at::Tensor& weight, std::int64_t stride) {
  const std::int64_t padding = weight.size(2) / 2;
  const bool trains = at::GradMode::is_enabled() && weight.requires_grad();
  const bool plain = input.device().is_cpu() && input.scalar_type() == at::kFloat && !autocasts_on_cpu();
  if (trains && plain && !twice_differentiable && stride == 1 && weight.size(2) == 3 && input.size(3) * input.size(4) >= kLeastPlane) return Conv3dSame::apply(input, weight);
  return at::conv3d(input, weight, {}, stride, padding);
}

}  // namespace consilium::models
