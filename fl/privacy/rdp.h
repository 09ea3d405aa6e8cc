#pragma once

#include <functional>
#include <span>
#include <vector>

#include "fl/privacy/mechanism.h"

namespace consilium::fl {

/// Renyi differential privacy of order alpha > 1 of one release of the Poisson-sampled Gaussian mechanism, rate q, noise multiplier s:
///
///     RDP = ln A / (alpha - 1),   A = E_{x ~ N(0, s^2)} [ (1 + u)^alpha ],   u = q (e^((2x - 1) / (2 s^2)) - 1)
///
/// As E[u] = 0, A - 1 = E[(1 + u)^alpha - 1 - alpha u], whose integrand is nowhere negative: nothing cancels, and a tiny RDP keeps its digits.
/// Whole orders use the finite sum of binomial terms, others the trapezoid rule over x, which converges geometrically here; the alternating
/// series of the paper is not needed. Source: Mironov, Talwar and Zhang 2019 (arXiv:1908.10530), section 3.
/// @throws Error{kUsage} an order outside (1, 100000], or as validate.
double sampled_gaussian_rdp(const SampledGaussian& releases, double alpha);

struct RdpEpsilon {
  double epsilon = 0;
  double order = 0;  ///< which gave it; 0 where nothing is released
};

/// Orders that are tried by default: 1.1 to 10.9 by tenths, 11 to 63, and 2^7 to 2^10 for much noise.
std::vector<double> default_orders();

/// The best of epsilon = RDP + ln((alpha - 1) / alpha) - (ln delta + ln alpha) / (alpha - 1) over the orders, at least 0.
/// Source: Canonne, Kamath and Steinke 2020 (arXiv:2004.00010), proposition 12.
/// @throws Error{kUsage} no order, another number of values than orders, an order or a value out of range.
RdpEpsilon rdp_to_epsilon(std::span<const double> orders, std::span<const double> rdp, double delta);

/// Epsilon of all phases one after the other: their RDP adds up. An upper bound of the true epsilon.
RdpEpsilon rdp_epsilon(std::span<const SampledGaussian> phases, double delta, std::span<const double> orders);
RdpEpsilon rdp_epsilon(std::span<const SampledGaussian> phases, double delta);

/// Bound on the RDP of whole order alpha >= 2 of any mechanism over a Poisson sample; `rdp(order)` is the mechanism's own, without sampling.
/// Source: Zhu and Wang 2019 (Poisson subsampled RDP, ICML), theorem 5.
double sampled_rdp_bound(const std::function<double(int order)>& rdp, double sampling_rate, int alpha);

}  // namespace consilium::fl
