#pragma once

#include <span>

#include "fl/privacy/mechanism.h"

namespace consilium::fl {

/// Accounting by the privacy loss distribution: tight, and never below the truth (up to double precision).
///
/// The loss of each release is discretised pessimistically (loss_distribution.h), the sum of all releases' losses is their convolution, by Fourier
/// transform. Before, the distributions are tilted (multiplied by e^(t loss) and normalised) so that the sum lies around the epsilon in question: there
/// the result has full relative precision, also for a delta far below 1e-16. What lies beyond the transform's window is bounded by Chernoff and added.
/// Both directions (a unit added, or removed) are computed; the worse one counts.
/// Sources: Koskela, Jaelkoe and Honkela 2020 (arXiv:1906.03049); Doroshenko et al. 2022 (arXiv:2207.04380).
/// @throws Error{kUsage} as validate; Error{kUnsupported} a loss that reaches too far for the grid.
double pld_epsilon(std::span<const SampledGaussian> phases, double delta);
double pld_delta(std::span<const SampledGaussian> phases, double epsilon);

}  // namespace consilium::fl
