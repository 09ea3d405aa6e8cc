#include "models/augment.h"

#include <torch/torch.h>

#include <cmath>
#include <numbers>

#include "base/error.h"

namespace consilium::models {
namespace {

namespace F = torch::nn::functional;

void flip(at::Tensor& image, at::Tensor& labels, Rng& rng) {
  std::vector<std::int64_t> axes;
  for (std::int64_t axis = 0; axis < 3; ++axis)
    if (rng.chance(0.5)) axes.push_back(axis);
  if (axes.empty()) return;
  labels.copy_(labels.flip(axes));
  for (std::int64_t& axis : axes) ++axis;  // the channel comes first
  image.copy_(image.flip(axes));
}

/// Rows of the rotation about x, y and z, divided by the zoom: what grid_sample wants (output to input).
at::Tensor sampling_matrix(const AugmentOptions& o, Rng& rng) {
  double c[3], s[3];
  for (int axis = 0; axis < 3; ++axis) {
    const double angle = rng.uniform(-o.rotate_degrees, o.rotate_degrees) * std::numbers::pi / 180;
    c[axis] = std::cos(angle);
    s[axis] = std::sin(angle);
  }
  const double zoom = rng.chance(0.5) ? rng.uniform(1 - o.zoom, 1 + o.zoom) : 1;
  const double rows[3][3] = {{c[1] * c[2], -c[1] * s[2], s[1]},
                             {s[0] * s[1] * c[2] + c[0] * s[2], -s[0] * s[1] * s[2] + c[0] * c[2], -s[0] * c[1]},
                             {-c[0] * s[1] * c[2] + s[0] * s[2], c[0] * s[1] * s[2] + s[0] * c[2], c[0] * c[1]}};
  at::Tensor matrix = torch::zeros({1, 3, 4});
  for (int row = 0; row < 3; ++row)
    for (int column = 0; column < 3; ++column) matrix[0][row][column] = rows[row][column] / zoom;
  return matrix;
}

void rotate(at::Tensor& image, at::Tensor& labels, const AugmentOptions& o, Rng& rng) {
  // Normalised coordinates have the same length on each axis only for a cube; the matrix is corrected for other shapes.
  at::Tensor matrix = sampling_matrix(o, rng);
  const double extent[3] = {static_cast<double>(image.size(3)), static_cast<double>(image.size(2)), static_cast<double>(image.size(1))};
  for (int row = 0; row < 3; ++row)
    for (int column = 0; column < 3; ++column) matrix[0][row][column] *= extent[column] / extent[row];
  const at::Tensor grid = F::affine_grid(matrix, {1, 1, image.size(1), image.size(2), image.size(3)}, false);
  const auto bilinear = F::GridSampleFuncOptions().mode(torch::kBilinear).padding_mode(torch::kZeros).align_corners(false);
  const auto nearest = F::GridSampleFuncOptions().mode(torch::kNearest).padding_mode(torch::kZeros).align_corners(false);
  image.copy_(F::grid_sample(image.unsqueeze(0), grid, bilinear)[0]);
  labels.copy_(F::grid_sample(labels.unsqueeze(0).unsqueeze(0).to(torch::kFloat32), grid, nearest)[0][0].to(torch::kLong));
}

void change_intensities(at::Tensor& image, const AugmentOptions& o, Rng& rng) {
  for (std::int64_t c = 0; c < image.size(0); ++c) {
    at::Tensor channel = image[c];
    if (rng.chance(o.intensity_chance)) {
      const at::Tensor mean = channel.mean();
      channel.sub_(mean).mul_(rng.uniform(1 - o.contrast, 1 + o.contrast)).add_(mean);
    }
    if (rng.chance(o.intensity_chance)) channel.add_(rng.uniform(-o.brightness, o.brightness));
    if (rng.chance(o.intensity_chance)) {
      const at::Tensor low = channel.min(), range = (channel.max() - low).clamp_min(1e-7);
      channel.sub_(low).div_(range).pow_(rng.uniform(1 - o.gamma, 1 + o.gamma)).mul_(range).add_(low);
    }
    if (rng.chance(o.noise_chance)) {
      const double deviation = rng.uniform(0, o.noise);
      at::Tensor noise = torch::empty_like(channel);
      float* values = noise.data_ptr<float>();
      for (std::int64_t n = 0; n < noise.numel(); ++n) values[n] = static_cast<float>(rng.normal(0, deviation));
      channel.add_(noise);
    }
  }
}

}  // namespace

void read_augment_options(SettingsReader& reader, AugmentOptions& o) {
  reader.field("flip", o.flip);
  reader.field("rotate_chance", o.rotate_chance);
  reader.field("rotate_degrees", o.rotate_degrees);
  reader.field("zoom", o.zoom);
  reader.field("intensity_chance", o.intensity_chance);
  reader.field("contrast", o.contrast);
  reader.field("brightness", o.brightness);
  reader.field("gamma", o.gamma);
  reader.field("noise_chance", o.noise_chance);
  reader.field("noise", o.noise);
  reader.finish();
  validate(o);
}

Json to_json(const AugmentOptions& o) {
  return {{"flip", o.flip},           {"rotate_chance", o.rotate_chance}, {"rotate_degrees", o.rotate_degrees}, {"zoom", o.zoom},   {"intensity_chance", o.intensity_chance},
          {"contrast", o.contrast},   {"brightness", o.brightness},       {"gamma", o.gamma},                   {"noise_chance", o.noise_chance}, {"noise", o.noise}};
}

void validate(const AugmentOptions& o) {
  const auto within = [](const char* name, double value, double high) {
    require(std::isfinite(value) && value >= 0 && value <= high, ErrorCode::kUsage, std::string("augment.") + name + ": expected 0 to " + std::to_string(high) + ", found " + std::to_string(value));
  };
  within("rotate_chance", o.rotate_chance, 1);
  within("rotate_degrees", o.rotate_degrees, 180);
  within("zoom", o.zoom, 0.9);
  within("intensity_chance", o.intensity_chance, 1);
  within("contrast", o.contrast, 0.9);
  within("brightness", o.brightness, 10);
  within("gamma", o.gamma, 0.9);
  within("noise_chance", o.noise_chance, 1);
  within("noise", o.noise, 10);
}

void augment(at::Tensor& image, at::Tensor& labels, const AugmentOptions& options, Rng& rng) {
  const torch::NoGradGuard no_grad;
  if (rng.chance(options.rotate_chance)) rotate(image, labels, options, rng);
  if (options.flip) flip(image, labels, rng);
  change_intensities(image, options, rng);
}

}  // namespace consilium::models
