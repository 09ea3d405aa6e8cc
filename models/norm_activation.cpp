#include "models/norm_activation.h"

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "models/autocast_module.h"
#include "models/conv3d.h"
#include "models/norm_activation_kernel.h"

namespace consilium::models {
namespace {

struct Planes {
  std::int64_t samples, channels;
  std::size_t count;
};

Planes planes_of(const at::Tensor& x) { return {x.size(0), x.size(1), static_cast<std::size_t>(x.size(2) * x.size(3) * x.size(4))}; }

/// Moments [N * C, 2].
template <typename T>
at::Tensor forward_planes(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps, double slope, at::Tensor& y) {
  const Planes planes = planes_of(x);
  at::Tensor moments = torch::empty({planes.samples * planes.channels, 2}, torch::kFloat64);
  const T *w = weight.data_ptr<T>(), *b = bias.data_ptr<T>(), *from = x.data_ptr<T>();
  T* to = y.data_ptr<T>();
  double* kept = moments.data_ptr<double>();
  at::parallel_for(0, moments.size(0), 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t n = first; n < last; ++n) {
      const std::int64_t c = n % planes.channels;
      const std::size_t start = static_cast<std::size_t>(n) * planes.count;
      const PlaneMoments plane = normalise_plane(from + start, planes.count, w[c], b[c], eps, static_cast<T>(slope), to + start);
      kept[2 * n] = plane.mean;
      kept[2 * n + 1] = plane.scale;
    }
  });
  return moments;
}

/// Gradients of weight and bias, [C, 2].
template <typename T>
at::Tensor backward_planes(const at::Tensor& x, const at::Tensor& of_y, const at::Tensor& moments, const at::Tensor& weight, const at::Tensor& bias, double slope, at::Tensor& of_x) {
  const Planes planes = planes_of(x);
  at::Tensor parts = torch::empty({planes.samples, planes.channels, 2}, torch::kFloat64);
  const T *w = weight.data_ptr<T>(), *b = bias.data_ptr<T>(), *from = x.data_ptr<T>(), *given = of_y.data_ptr<T>();
  T* to = of_x.data_ptr<T>();
  const double* m = moments.data_ptr<double>();
  double* part = parts.data_ptr<double>();
  at::parallel_for(0, planes.samples * planes.channels, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t n = first; n < last; ++n) {
      const std::int64_t c = n % planes.channels;
      const std::size_t start = static_cast<std::size_t>(n) * planes.count;
      const PlaneGradients g = plane_gradient(from + start, given + start, planes.count, {m[2 * n], m[2 * n + 1]}, w[c], b[c], static_cast<T>(slope), to + start);
      part[2 * n] = g.weight;
      part[2 * n + 1] = g.bias;
    }
  });
  return parts.sum(0).to(x.scalar_type());
}

struct NormActivation : torch::autograd::Function<NormActivation> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps, double slope) {
    at::Tensor y = torch::empty_like(x);
    const at::Tensor moments = x.scalar_type() == torch::kFloat32 ? forward_planes<float>(x, weight, bias, eps, slope, y) : forward_planes<double>(x, weight, bias, eps, slope, y);
    context->save_for_backward({x, weight, bias, moments});
    context->saved_data["slope"] = slope;
    return y;
  }
  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context, torch::autograd::tensor_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor of_y = gradients[0].contiguous();
    at::Tensor of_x = torch::empty_like(x);
    const double slope = context->saved_data["slope"].toDouble();
    const at::Tensor sums = x.scalar_type() == torch::kFloat32 ? backward_planes<float>(x, of_y, saved[3], saved[1], saved[2], slope, of_x) : backward_planes<double>(x, of_y, saved[3], saved[1], saved[2], slope, of_x);
    return {of_x, sums.select(1, 0).contiguous(), sums.select(1, 1).contiguous(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor norm_activation(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps, double slope) {
  const bool plain = x.device().is_cpu() && (x.scalar_type() == torch::kFloat32 || x.scalar_type() == torch::kFloat64) && x.scalar_type() == weight.scalar_type();
  if (plain && !autocasts_on_cpu() && !TwiceDifferentiableScope::is_active()) return NormActivation::apply(x.contiguous(), weight, bias, eps, slope);
  return torch::leaky_relu(torch::instance_norm(x, weight, bias, {}, {}, /*use_input_stats=*/true, /*momentum=*/0, eps, /*cudnn_enabled=*/false), slope);
}

}  // namespace consilium::models
