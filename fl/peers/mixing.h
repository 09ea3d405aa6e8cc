#pragma once

#include <string>
#include <utility>
#include <vector>

namespace consilium::fl {

/// Row i: how much of every peer's values goes into peer i's.
using MixingMatrix = std::vector<std::vector<double>>;
using Links = std::vector<std::pair<std::string, std::string>>;

/// Each name linked to the next, and the last to the first.
Links ring_links(const std::vector<std::string>& names);

/// Lazy Metropolis-Hastings weights: W_ij = 1 / (2 max(d_i, d_j)) for linked i, j of degrees d, the rest stays: W_ii = 1 - sum_j W_ij >= 1/2.
///
/// Symmetric and doubly stochastic, so each step keeps the mean; no eigenvalue is negative, so nothing swings. The distance to the mean falls by
/// second_eigenvalue(W) a step at least. Needs no peer to know more than its neighbours' degrees.
/// @throws Error{kUsage} the links leave the graph in parts, which would never agree.
/// Source: Metropolis weights of Xiao, Boyd and Lall 2005 (doi:10.1109/IPSN.2005.1440896), in the lazy form of Olshevsky 2014 (arXiv:1411.4186).
MixingMatrix metropolis_weights(const std::vector<std::string>& names, const Links& links);

/// W x.
std::vector<double> mix(const MixingMatrix& weights, const std::vector<double>& x);

/// The largest modulus of an eigenvalue but the first, which is 1; `weights` is symmetric. The spectral gap is 1 minus it.
double second_eigenvalue(const MixingMatrix& weights);

}  // namespace consilium::fl
