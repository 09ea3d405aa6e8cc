#pragma once

#include "fl/privacy/mechanism.h"

namespace consilium::fl {

/// Exact privacy of the Gaussian mechanism without sampling. `mu` = sensitivity / standard deviation; n releases of noise multiplier z have
/// mu = sqrt(n) / z.
///
///     delta(epsilon) = Phi(mu/2 - epsilon/mu) - e^epsilon Phi(-mu/2 - epsilon/mu)
///
/// Evaluated in a form without cancellation of large numbers. Source: Balle and Wang 2018 (arXiv:1805.06530), theorem 8.
double gaussian_delta(double epsilon, double mu);
/// The smallest epsilon >= 0 with gaussian_delta(epsilon, mu) <= delta. @throws Error{kUsage} delta or mu out of range.
double gaussian_epsilon(double delta, double mu);
/// The smallest noise multiplier of one release. @throws Error{kUsage} epsilon <= 0, delta out of range.
double gaussian_noise_multiplier(double epsilon, double delta);

/// mu of the Gaussian that many sampled releases come close to: rate * sqrt(steps (e^(1 / z^2) - 1)). No bound: the true epsilon may be
/// larger. Source: Bu et al. 2020 (arXiv:1911.11607), section 2.4.
double central_limit_mu(const SampledGaussian& releases);

/// e^(x^2) erfc(x), without under- or overflow for x >= 0.
double scaled_erfc(double x);
/// Phi(b) - Phi(a) for a <= b, with a small relative error in either tail.
double normal_interval(double a, double b);

}  // namespace consilium::fl
