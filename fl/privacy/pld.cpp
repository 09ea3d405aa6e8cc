#include "fl/privacy/pld.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>
#include <limits>
#include <vector>

#include "base/error.h"
#include "fl/privacy/fft.h"
#include "fl/privacy/gaussian.h"
#include "fl/privacy/loss_distribution.h"
#include "fl/privacy/sampled_moments.h"

namespace consilium::fl {
namespace {

constexpr double kLogNegligible = 14;            // ln of delta over the probability of losses that count as infinite
constexpr double kLogLost = -36;                 // ln of what may lie beyond the window, of the tilted sum
constexpr std::size_t kMostWindow = 1 << 22;     // points of the sum's grid: 64 MiB, twice
constexpr double kMostPoints = 1 << 20;          // of one release's grid
constexpr double kCoarsestStep = 5e-4;           // where few releases are summed
// Rounding adds a twelfth of the step's square to a release's variance: below 1e-4 of what it is near epsilon, 4e-4 of what most releases have.
constexpr double kStepsPerTiltedDeviation = 50;
constexpr double kStepsPerDeviation = 15;

using Phases = std::vector<SampledGaussian>;

/// Sum over all releases.
LossMoments sum_of_moments(const Phases& phases, Adjacency adjacency, double tilt) {
  LossMoments sum;
  for (const SampledGaussian& phase : phases) {
    const LossMoments m = tilted_moments(phase, adjacency, tilt);
    const auto n = static_cast<double>(phase.steps);
    sum.log_moment += n * m.log_moment;
    sum.mean += n * m.mean;
    sum.variance += n * m.variance;
  }
  return sum;
}

/// Where a function that first falls and then rises is least, over (0, inf), to a part in 1e4.
template <typename Function>
double argument_of_minimum(Function&& f) {
  double low = std::log(1e-4), high = std::log(1e7);
  constexpr double kGolden = 0.6180339887498949;
  double a = high - kGolden * (high - low), b = low + kGolden * (high - low), fa = f(std::exp(a)), fb = f(std::exp(b));
  while (high - low > 1e-4) {
    if (fa < fb) {
      high = b, b = a, fb = fa;
      a = high - kGolden * (high - low), fa = f(std::exp(a));
    } else {
      low = a, a = b, fa = fb;
      b = low + kGolden * (high - low), fb = f(std::exp(b));
    }
  }
  return std::exp((low + high) / 2);
}

/// ln of the masses' moment under a tilt.
double log_moment(const LossDistribution& d, double tilt) {
  LogSum sum;
  for (std::size_t n = 0; n < d.masses.size(); ++n)
    if (d.masses[n] > 0) sum.add(std::log(d.masses[n]) + tilt * static_cast<double>(d.first + static_cast<std::int64_t>(n)) * d.step);
  return sum.value();
}

/// The sum of all releases' losses in one direction, tilted.
class LossSum {
 public:
  LossSum(const Phases& phases, Adjacency adjacency, double tilt, double log_delta) : tilt_(tilt) {
    const LossMoments whole = sum_of_moments(phases, adjacency, tilt);
    double releases = 0;
    for (const SampledGaussian& phase : phases) releases += static_cast<double>(phase.steps);
    std::vector<LossRange> ranges;
    step_ = kCoarsestStep;
    double least_step = 24 * std::sqrt(whole.variance) / static_cast<double>(kMostWindow / 2);
    for (const SampledGaussian& phase : phases) {
      const LossMoments tilted = tilted_moments(phase, adjacency, tilt), plain = tilted_moments(phase, adjacency, 0);
      step_ = std::min({step_, std::sqrt(tilted.variance) / kStepsPerTiltedDeviation, std::sqrt(plain.variance) / kStepsPerDeviation});
      ranges.push_back(loss_range(phase, adjacency, std::min(-1.0, log_delta - kLogNegligible - std::log(releases)), tilted.centre));
      least_step = std::max(least_step, (ranges.back().most - ranges.back().least) / kMostPoints);
    }
    step_ = std::max(step_, least_step);
    for (std::size_t n = 0; n < phases.size(); ++n) {
      distributions_.push_back(discretised_loss(phases[n], adjacency, ranges[n], step_));
      steps_.push_back(static_cast<double>(phases[n].steps));
      at_infinity_ += steps_[n] * distributions_[n].at_infinity;
      log_moment_ += steps_[n] * fl::log_moment(distributions_[n], tilt);
    }
    choose_window(whole);
    convolve();
  }

  /// P(loss = infinity) + E[(1 - e^(epsilon - loss))+]
  double delta(double epsilon) const {
    double sum = 0;
    const auto size = static_cast<std::int64_t>(sum_.size());
    for (std::int64_t n = std::max<std::int64_t>(0, static_cast<std::int64_t>(std::ceil(epsilon / step_)) - begin_); n < size; ++n) {
      const double loss = static_cast<double>(begin_ + n) * step_;
      if (loss > epsilon) sum += sum_[static_cast<std::size_t>(n)] * std::exp(-tilt_ * (loss - epsilon)) * -std::expm1(epsilon - loss);
    }
    // What lies beyond the window has at most the weight of a loss at epsilon.
    return std::min(1.0, at_infinity_ + (sum + 2 * std::exp(kLogLost)) * std::exp(log_moment_ - tilt_ * epsilon));
  }

 private:
  /// ln of the Chernoff bound on the tilted sum lying beyond `loss`; `sign` 1 for above.
  double log_beyond(double loss, double sign, const std::vector<double>& tilts, const std::vector<double>& moments) const {
    double best = 0;
    for (std::size_t n = 0; n < tilts.size(); ++n) best = std::min(best, moments[n] - sign * tilts[n] * loss);
    return best;
  }

  double bound(const LossMoments& whole, double sign) const {
    const double deviation = std::max(std::sqrt(whole.variance), step_);
    std::vector<double> tilts, moments;
    for (double t = 0.5; t <= 64; t *= 1.4) {
      const double tilt = t / deviation;
      double moment = -log_moment_;
      for (std::size_t n = 0; n < distributions_.size(); ++n) moment += steps_[n] * fl::log_moment(distributions_[n], tilt_ + sign * tilt);
      tilts.push_back(tilt);
      moments.push_back(moment);
    }
    double width = 4 * deviation;
    while (log_beyond(whole.mean + sign * width, sign, tilts, moments) > kLogLost && width < 1e9 * deviation) width *= 1.1;
    return width;
  }

  void choose_window(const LossMoments& whole) {
    const double above = bound(whole, 1), below = bound(whole, -1);
    const double points = (above + below) / step_ + 2;
    require(points <= static_cast<double>(kMostWindow), ErrorCode::kUnsupported, "the sum of the privacy losses reaches too far for the PLD accountant; use the RDP accountant");
    sum_.resize(std::bit_ceil(static_cast<std::size_t>(points)));
    begin_ = static_cast<std::int64_t>(std::floor((whole.mean - below) / step_));
  }

  void convolve() {
    const auto size = static_cast<std::int64_t>(sum_.size());
    const auto wrapped = [&](std::int64_t point) { return static_cast<std::size_t>(((point % size) + size) % size); };
    std::vector<std::complex<double>> product(sum_.size(), 1), one(sum_.size());
    for (std::size_t d = 0; d < distributions_.size(); ++d) {
      const LossDistribution& losses = distributions_[d];
      const double log_total = fl::log_moment(losses, tilt_);
      std::fill(one.begin(), one.end(), 0);
      for (std::size_t n = 0; n < losses.masses.size(); ++n) {
        const std::int64_t point = losses.first + static_cast<std::int64_t>(n);
        if (losses.masses[n] > 0) one[wrapped(point)] += std::exp(std::log(losses.masses[n]) + tilt_ * static_cast<double>(point) * step_ - log_total);
      }
      fourier(one, FourierDirection::kForward);
      for (std::size_t n = 0; n < one.size(); ++n) {
        const double size_of = std::abs(one[n]);
        product[n] *= size_of == 0 ? 0 : std::polar(std::exp(steps_[d] * std::log(size_of)), steps_[d] * std::arg(one[n]));
      }
    }
    fourier(product, FourierDirection::kInverse);
    for (std::int64_t n = 0; n < size; ++n) sum_[static_cast<std::size_t>(n)] = std::max(0.0, product[wrapped(begin_ + n)].real());
  }

  double tilt_, step_ = 0, at_infinity_ = 0, log_moment_ = 0;
  std::vector<LossDistribution> distributions_;
  std::vector<double> steps_;
  std::int64_t begin_ = 0;
  std::vector<double> sum_;  ///< probabilities of the tilted sum
};

bool all_unsampled(const Phases& phases) {
  return std::all_of(phases.begin(), phases.end(), [](const SampledGaussian& phase) { return phase.sampling_rate == 1; });
}

double total_mu(const Phases& phases) {
  double square = 0;
  for (const SampledGaussian& phase : phases) square += static_cast<double>(phase.steps) / (phase.noise_multiplier * phase.noise_multiplier);
  return std::sqrt(square);
}

double epsilon_of(const Phases& phases, Adjacency adjacency, double delta) {
  const double tilt = argument_of_minimum([&](double t) { return (sum_of_moments(phases, adjacency, t).log_moment - std::log(delta)) / t; });
  const LossSum sum(phases, adjacency, tilt, std::log(delta));
  if (sum.delta(0) <= delta) return 0;
  double low = 0, high = 1;
  while (sum.delta(high) > delta) {
    low = high, high *= 2;
    require(high < 1e12, ErrorCode::kUnsupported, fmt::format("delta {} is below what the PLD accountant resolves here; use the RDP accountant", delta));
  }
  while (high - low > 1e-9 * high) {
    const double middle = (low + high) / 2;
    (sum.delta(middle) > delta ? low : high) = middle;
  }
  return high;
}

/// The largest loss there is.
double most_loss(const Phases& phases, Adjacency adjacency) {
  if (adjacency == Adjacency::kRemove) return std::numeric_limits<double>::infinity();
  double sum = 0;
  for (const SampledGaussian& phase : phases) sum -= static_cast<double>(phase.steps) * std::log1p(-phase.sampling_rate);
  return sum;
}

double delta_of(const Phases& phases, Adjacency adjacency, double epsilon) {
  if (most_loss(phases, adjacency) <= epsilon) return 0;
  const auto log_bound = [&](double t) { return sum_of_moments(phases, adjacency, t).log_moment - t * epsilon; };
  const double tilt = argument_of_minimum(log_bound);
  return LossSum(phases, adjacency, tilt, log_bound(tilt)).delta(epsilon);
}

}  // namespace

double pld_epsilon(std::span<const SampledGaussian> all, double delta) {
  const Phases phases = merged(all);
  validate_delta(delta);
  if (phases.empty()) return 0;
  // Gaussian releases without sampling are one Gaussian release: the exact formula.
  if (all_unsampled(phases)) return gaussian_epsilon(delta, total_mu(phases));
  return std::max(epsilon_of(phases, Adjacency::kRemove, delta), epsilon_of(phases, Adjacency::kAdd, delta));
}

double pld_delta(std::span<const SampledGaussian> all, double epsilon) {
  const Phases phases = merged(all);
  require(std::isfinite(epsilon) && epsilon >= 0, ErrorCode::kUsage, fmt::format("epsilon: expected a number of at least 0, found {}", epsilon));
  if (phases.empty()) return 0;
  if (all_unsampled(phases)) return gaussian_delta(epsilon, total_mu(phases));
  return std::max(delta_of(phases, Adjacency::kRemove, epsilon), delta_of(phases, Adjacency::kAdd, epsilon));
}

}  // namespace consilium::fl
