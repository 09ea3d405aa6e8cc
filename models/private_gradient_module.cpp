#include "models/private_gradient_module.h"

#include <cmath>

#include "base/error.h"

namespace consilium::models {

PrivateGradient::PrivateGradient(const torch::nn::Module& module, const PrivateSteps& options, std::size_t cases) : options_(options), expected_cases_(options.sampling_rate * static_cast<double>(cases)) {
  require(std::isfinite(options.clip) && options.clip > 0, ErrorCode::kUsage, "private steps: clip: expected a number above 0");
  require(std::isfinite(options.noise_multiplier) && options.noise_multiplier >= 0, ErrorCode::kUsage, "private steps: noise_multiplier: expected a number of at least 0");
  require(options.sampling_rate > 0 && options.sampling_rate <= 1, ErrorCode::kUsage, "private steps: sampling_rate: expected above 0 and at most 1");
  require(options.patches >= 1 && options.patches <= 64, ErrorCode::kUsage, "private steps: patches: expected 1 to 64");
  require(options.uniform && options.normal, ErrorCode::kUsage, "private steps: they need a source of noise");
  for (const at::Tensor& parameter : module.parameters())
    if (parameter.requires_grad()) sums_.emplace_back(parameter, torch::zeros_like(parameter));
}

void PrivateGradient::add_case() {
  double square = 0;
  for (const auto& [parameter, sum] : sums_)
    if (parameter.grad().defined()) square += parameter.grad().to(torch::kDouble).square().sum().item<double>();
  const double norm = std::sqrt(square);
  // Shortened by a part in a million more: float32 rounds each product.
  const double factor = norm <= options_.clip ? 1 : options_.clip / norm * (1 - 1e-6);
  for (auto& [parameter, sum] : sums_) {
    if (!parameter.grad().defined()) continue;
    if (std::isfinite(norm)) sum.add_(parameter.grad(), factor);
    parameter.mutable_grad() = at::Tensor();
  }
}

void PrivateGradient::finish() {
  const double deviation = options_.noise_multiplier * options_.clip;
  for (auto& [parameter, sum] : sums_) {
    at::Tensor gradient = sum.to(torch::kCPU).contiguous().clone();  // where the noise is drawn
    float* value = gradient.data_ptr<float>();
    for (std::int64_t n = 0; n < gradient.numel(); ++n) value[n] = static_cast<float>((static_cast<double>(value[n]) + deviation * options_.normal()) / expected_cases_);
    parameter.mutable_grad() = gradient.to(sum.device());
    sum.zero_();
  }
}

}  // namespace consilium::models
