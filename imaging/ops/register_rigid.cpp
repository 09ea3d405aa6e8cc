#include "imaging/ops/register_rigid.h"

#include <itkEuler3DTransform.h>
#include <itkImage.h>
#include <itkImageRegistrationMethodv4.h>
#include <itkMattesMutualInformationImageToImageMetricv4.h>
#include <itkMultiThreaderBase.h>
#include <itkRegistrationParameterScalesFromPhysicalShift.h>
#include <itkRegularStepGradientDescentOptimizerv4.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <string>

#include "base/error.h"
#include "imaging/metrics/mutual_information.h"
#include "imaging/vec3.h"

namespace consilium::imaging {
namespace {

using Image = itk::Image<float, 3>;
using Euler = itk::Euler3DTransform<double>;
using Metric = itk::MattesMutualInformationImageToImageMetricv4<Image, Image>;
using Optimizer = itk::RegularStepGradientDescentOptimizerv4<double>;
using Scales = itk::RegistrationParameterScalesFromPhysicalShift<Metric>;
using Method = itk::ImageRegistrationMethodv4<Image, Image, Euler>;

void validate(const RegisterOptions& o) {
  const auto check = [](bool good, const char* what) { require(good, ErrorCode::kUsage, std::string("registration: ") + what); };
  check(!o.levels_mm.empty() && o.levels_mm.size() <= 8, "expected 1 to 8 levels");
  for (const double level : o.levels_mm) check(std::isfinite(level) && level > 0, "levels_mm: expected numbers above 0");
  check(o.bins >= 8 && o.bins <= 256, "bins: expected 8 to 256");
  check(o.iterations > 0, "iterations: expected at least 1");
  check(o.samples >= 100, "samples: expected at least 100");
}

Image::Pointer to_itk(const Volume& volume) {
  const Geometry& g = volume.geometry;
  const Image::Pointer image = Image::New();
  Image::SizeType size;
  Image::DirectionType direction;
  for (unsigned c = 0; c < 3; ++c) {
    size[c] = g.size[c];
    for (unsigned r = 0; r < 3; ++r) direction[r][c] = g.direction[r][c];
  }
  image->SetRegions(size);
  image->SetSpacing(g.spacing_mm.data());
  image->SetOrigin(g.origin_mm.data());
  image->SetDirection(direction);
  image->Allocate();
  std::transform(volume.voxels.begin(), volume.voxels.end(), image->GetBufferPointer(), [](float v) { return std::isfinite(v) ? v : 0.0F; });
  return image;
}

Vec3 middle_of(const Geometry& g) {
  Vec3 middle;
  for (std::size_t a = 0; a < 3; ++a) middle[a] = 0.5 * static_cast<double>(g.size[a] - 1);
  return to_position_mm(g, middle);
}

/// Centre of the values above the least.
Vec3 centre_of_mass(const Volume& volume) {
  const float least = *std::min_element(volume.voxels.begin(), volume.voxels.end());
  const Size3& size = volume.geometry.size;
  Vec3 sum{0, 0, 0};
  double total = 0;
  std::size_t n = 0;
  for (std::size_t k = 0; k < size[2]; ++k)
    for (std::size_t j = 0; j < size[1]; ++j)
      for (std::size_t i = 0; i < size[0]; ++i, ++n) {
        const double mass = static_cast<double>(volume.voxels[n]) - least;
        sum[0] += mass * static_cast<double>(i), sum[1] += mass * static_cast<double>(j), sum[2] += mass * static_cast<double>(k);
        total += mass;
      }
  if (!(total > 0)) return middle_of(volume.geometry);
  for (double& value : sum) value /= total;
  return to_position_mm(volume.geometry, sum);
}

double volume_mm3(const Geometry& g) { return static_cast<double>(voxel_count(g)) * g.spacing_mm[0] * g.spacing_mm[1] * g.spacing_mm[2]; }

double overlap_of(const Volume& fixed, const Volume& moving, double inside_share) {
  const double shared = inside_share * volume_mm3(fixed.geometry);
  return std::min(1.0, shared / std::min(volume_mm3(fixed.geometry), volume_mm3(moving.geometry)));
}

RigidTransform shifted(const Vec3& from_mm, const Vec3& to_mm) { return {kIdentity3, {to_mm[0] - from_mm[0], to_mm[1] - from_mm[1], to_mm[2] - from_mm[2]}}; }

/// Among the scanners' positions and coinciding middles and centres of mass, the one at which the images tell most of each other.
RigidTransform first_guess(const Volume& fixed, const Volume& moving, const MutualInformationOptions& options) {
  constexpr double kLeastOverlap = 0.2;  // a corner in common may be more alike than the whole
  RigidTransform best;
  double most = -1;
  for (const RigidTransform& guess : {RigidTransform{}, shifted(middle_of(fixed.geometry), middle_of(moving.geometry)), shifted(centre_of_mass(fixed), centre_of_mass(moving))}) {
    const MutualInformation found = mutual_information(fixed, moving, guess, options);
    if (overlap_of(fixed, moving, found.inside_share) < kLeastOverlap || found.nats <= most) continue;
    best = guess, most = found.nats;
  }
  require(most >= 0, ErrorCode::kMismatch, "registration: the images overlap neither where the scanners place them nor with their middles at one place");
  return best;
}

void set_levels(Method& method, const Geometry& fixed, const RegisterOptions& options) {
  const std::size_t levels = options.levels_mm.size();
  method.SetNumberOfLevels(levels);
  Method::SmoothingSigmasArrayType sigmas(levels);
  Method::MetricSamplingPercentageArrayType shares(levels);
  for (std::size_t level = 0; level < levels; ++level) {
    Method::ShrinkFactorsPerDimensionContainerType factors;
    double voxels = 1;
    for (unsigned a = 0; a < 3; ++a) {
      const auto most = static_cast<double>(std::max<std::size_t>(1, fixed.size[a] / 4));  // four voxels are left along each axis
      factors[a] = static_cast<unsigned>(std::clamp(std::round(options.levels_mm[level] / fixed.spacing_mm[a]), 1.0, most));
      voxels *= static_cast<double>(fixed.size[a]) / factors[a];
    }
    method.SetShrinkFactorsPerDimension(static_cast<unsigned>(level), factors);
    sigmas[level] = options.levels_mm[level] / 2;
    shares[level] = std::min(1.0, static_cast<double>(options.samples) / voxels);
  }
  method.SetSmoothingSigmasPerLevel(sigmas);
  method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn();
  method.SetMetricSamplingStrategy(Method::MetricSamplingStrategyEnum::REGULAR);
  method.SetMetricSamplingPercentagePerLevel(shares);
  method.MetricSamplingReinitializeSeed(static_cast<int>(options.seed & 0x7fffffff));
}

RigidTransform to_rigid(const Euler& euler) {
  RigidTransform result;
  for (unsigned r = 0; r < 3; ++r) {
    for (unsigned c = 0; c < 3; ++c) result.rotation[r][c] = euler.GetMatrix()[r][c];
    result.shift_mm[r] = euler.GetOffset()[r];
  }
  return result;
}

/// Threads add up in whatever order they end. How many parts a metric is worked on in is settled when it is made, from ITK's default, and by no setter.
Metric::Pointer one_thread_metric() {
  static std::mutex guard;
  const std::lock_guard lock(guard);
  const itk::ThreadIdType usual = itk::MultiThreaderBase::GetGlobalDefaultNumberOfThreads();
  itk::MultiThreaderBase::SetGlobalDefaultNumberOfThreads(1);
  const Metric::Pointer metric = Metric::New();
  itk::MultiThreaderBase::SetGlobalDefaultNumberOfThreads(usual);
  return metric;
}

RigidTransform optimise(const Volume& fixed, const Volume& moving, const RigidTransform& guess, const RegisterOptions& options) {
  const Metric::Pointer metric = one_thread_metric();
  metric->SetNumberOfHistogramBins(static_cast<unsigned>(options.bins));
  const Scales::Pointer scales = Scales::New();
  scales->SetMetric(metric);
  const Optimizer::Pointer optimizer = Optimizer::New();
  optimizer->SetNumberOfIterations(static_cast<unsigned>(options.iterations));
  optimizer->SetScalesEstimator(scales);
  optimizer->SetDoEstimateLearningRateOnce(false);
  optimizer->SetLearningRate(options.levels_mm.front() / 2);  // first step in mm: the scales are those of shifts
  optimizer->SetMinimumStepLength(options.levels_mm.back() / 100);
  optimizer->SetRelaxationFactor(0.6);
  optimizer->SetReturnBestParametersAndValue(true);

  const Euler::Pointer start = Euler::New();
  const Vec3 centre = middle_of(fixed.geometry);
  start->SetCenter(centre.data());
  start->SetTranslation(guess.shift_mm.data());
  const Method::Pointer method = Method::New();
  method->SetFixedImage(to_itk(fixed));
  method->SetMovingImage(to_itk(moving));
  method->SetMetric(metric);
  method->SetOptimizer(optimizer);
  method->SetInitialTransform(start);
  method->InPlaceOn();
  set_levels(*method, fixed.geometry, options);
  try {
    method->Update();
  } catch (const itk::ExceptionObject& error) {
    throw Error(ErrorCode::kMismatch, std::string("registration: no place was found (") + error.GetDescription() + ")");
  }
  return to_rigid(*start);
}

/// Of the information at the place found, over that around it.
double sharpness_of(const Volume& fixed, const Volume& moving, const RigidTransform& found, double information, const MutualInformationOptions& options) {
  constexpr double kAside_mm = 15;
  double sum = 0;
  for (std::size_t n = 0; n < 6; ++n) {
    RigidTransform aside = found;
    aside.shift_mm[n / 2] += n % 2 == 0 ? kAside_mm : -kAside_mm;
    sum += mutual_information(fixed, moving, aside, options).nats;
  }
  return sum > 0 ? information / (sum / 6) : 0;
}

}  // namespace

RigidRegistration register_rigid(const Volume& fixed, const Volume& moving, const RegisterOptions& options) {
  validate(options);
  validate(fixed.geometry);
  validate(moving.geometry);
  const MutualInformationOptions measure{.bins = options.bins, .most_samples = options.samples};
  RigidRegistration result;
  result.to_moving = optimise(fixed, moving, first_guess(fixed, moving, measure), options);
  const MutualInformation before = mutual_information(fixed, moving, {}, measure), after = mutual_information(fixed, moving, result.to_moving, measure);
  result.information_before = before.nats;
  result.information = after.nats;
  result.overlap = overlap_of(fixed, moving, after.inside_share);
  result.sharpness = sharpness_of(fixed, moving, result.to_moving, after.nats, measure);
  const Vec3 middle = middle_of(moving.geometry), lands = transformed(inverse(result.to_moving), middle);
  result.displacement_mm = length_of({lands[0] - middle[0], lands[1] - middle[1], lands[2] - middle[2]});
  result.turn_degrees = rotation_degrees(result.to_moving);
  return result;
}

}  // namespace consilium::imaging
