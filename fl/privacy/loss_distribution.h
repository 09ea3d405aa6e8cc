#pragma once

#include <cstdint>
#include <vector>

#include "fl/privacy/mechanism.h"

namespace consilium::fl {

/// Which of two neighbouring data sets is the real one.
enum class Adjacency {
  kRemove,  ///< the one with the unit: loss = ln(mixture / N(0, s^2)), x from the mixture (1 - q) N(0, s^2) + q N(1, s^2)
  kAdd,     ///< the one without: loss = ln(N(0, s^2) / mixture), x from N(0, s^2)
};

/// Distribution of one release's privacy loss on the grid of multiples of `step`: a pessimistic one, that is, its hockey-stick divergence is
/// nowhere below the true one.
struct LossDistribution {
  double step = 0;
  std::int64_t first = 0;          ///< masses[0] belongs to the loss first * step
  std::vector<double> masses;
  double at_infinity = 0;
};

/// The losses that a grid has to hold. What lies above counts as infinite, what lies below is rounded up.
struct LossRange {
  double least = 0;
  double most = 0;
};
/// Of all x but for `log_tail` (the logarithm) of their probability, and of 9 deviations around x = `centre`.
LossRange loss_range(const SampledGaussian& release, Adjacency adjacency, double log_tail, double centre);

/// Within each interval of the grid, mass goes to its two ends such that both probabilities, that of the real data set and that of the other, stay what
/// they are: the curve of delta over e^epsilon is replaced by its chords.
/// Source: Doroshenko et al. 2022, Connect the dots (arXiv:2207.04380), section 3.
LossDistribution discretised_loss(const SampledGaussian& release, Adjacency adjacency, const LossRange& range, double step);

/// ln E[e^(tilt * loss)] with its first two derivatives, by the trapezoid rule: how the loss looks from its tail.
struct LossMoments {
  double log_moment = 0;
  double mean = 0;
  double variance = 0;
  double centre = 0;  ///< mean of x under the tilted distribution
};
LossMoments tilted_moments(const SampledGaussian& release, Adjacency adjacency, double tilt);

}  // namespace consilium::fl
