#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fl/privacy/rdp.h"

namespace consilium::fl {

/// Noise that sites add as shares inside secure aggregation: of whole numbers, so that it survives modular arithmetic exactly.
/// Sources: Kairouz, Liu and Steinke 2021 (arXiv:2102.06387), distributed discrete Gaussian; Agarwal, Kairouz and Liu 2021 (arXiv:2110.04995), Skellam.
enum class NoiseKind { kSkellam, kDiscreteGaussian };

/// An update is clipped to `clip`, multiplied by `scale`, rounded at random to whole numbers, and its share of the noise is added.
struct DistributedNoise {
  NoiseKind kind = NoiseKind::kSkellam;
  std::int64_t sites = 1;          ///< whose shares are counted on: those expected to arrive, less those that may collude
  std::int64_t dimensions = 1;     ///< numbers of an update, padding included
  double clip = 1;                 ///< L2 bound of an update
  double noise_multiplier = 1;     ///< of the sum: standard deviation / clip, in units before scaling
  double scale = 65536;
  double beta = 0.6065306597126334;  ///< e^(-1/2): chance that a rounding is kept is at least 1 - beta; 0: the bound without retries
  double sampling_rate = 1;        ///< of sites
  std::int64_t rounds = 1;
};
/// @throws Error{kUsage} naming the field.
void validate(const DistributedNoise& noise);

/// L2 bound of a vector of that bound after its numbers are rounded at random (Kairouz et al., theorem 1):
/// min(c + sqrt(d), sqrt(c^2 + d / 4 + sqrt(2 ln(1 / beta)) (c + sqrt(d) / 2))). @throws Error{kUsage}
double rounded_l2_bound(double l2_bound, double beta, std::int64_t dimensions);

/// RDP of one round, per order >= 2 (a whole number); sensitivities and deviation in units before scaling.
///
///     Skellam            a L2^2 / (2 m) + min(((2a - 1) s L2^2 + 6 L1) / (4 s^3 m^2), 3 L1 / (2 s m)), m: variance of the sum
///     discrete Gaussian  min(a l2^2 / 2 + t d, a / 2 (l2^2 + 2 l1 t + t^2 d), a / 2 (l2 + sqrt(d) t)^2), l = L / deviation of the sum,
///                        t = 10 sum_{k < n} e^(-2 (pi s share)^2 k / (k + 1))
///
/// With a sampling rate below 1, sampled_rdp_bound.
double distributed_rdp(const DistributedNoise& noise, int order);

/// Epsilon of all rounds, by RDP over whole orders.
RdpEpsilon distributed_epsilon(const DistributedNoise& noise, double delta, std::span<const double> orders);
RdpEpsilon distributed_epsilon(const DistributedNoise& noise, double delta);
/// 2 to 128, and 256.
std::vector<double> whole_orders();

/// Standard deviation of one site's share, in units of the scaled whole numbers.
double share_deviation(const DistributedNoise& noise);

/// The scale at which the sum of so many clipped, noisy updates fits `bits` bits with `deviations` standard deviations to spare:
/// 2^b = 2k sqrt(c^2 n^2 / d + (1 / (4 s^2) + share^2) n) s. @throws Error{kUsage} too few bits.
double scale_for(int bits, const DistributedNoise& noise, double deviations = 4);

}  // namespace consilium::fl
