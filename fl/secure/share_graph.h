#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace consilium::fl {

/// Who shares masks and secrets with whom, by numbers 0 to n - 1; sorted, symmetric, nobody with himself.
using ShareGraph = std::vector<std::vector<std::uint32_t>>;

/// A Harary graph, in which each of n has `degree` neighbours on a ring (n - 1 or more: everybody; an odd degree counts as one more), of places that are drawn by `seed`, 32 public
/// bytes. Source: Bell et al., Secure single-server aggregation with (poly)logarithmic overhead, CCS 2020, section 3.
ShareGraph share_graph(std::size_t n, std::size_t degree, std::string_view seed);

/// How many neighbours each of n sites has: all up to kAllSharesUpTo sites; above, the smallest even number for which, with colluding sites and dropouts as below and the graph drawn at
/// random, a site's secrets can neither be opened twice (probability below 2^-40 over all sites) nor be lost (2^-20). Hypergeometric tails and a union bound over sites, as in Bell et al.
std::size_t neighbours_for(std::size_t n);
inline constexpr std::size_t kAllSharesUpTo = 30;
inline constexpr double kColludingShare = 0.05, kDropoutShare = 0.2;

/// Holders of a site's secrets (its neighbours and itself) whose shares open one: two thirds of them, as among all sites.
std::size_t share_threshold(std::size_t holders);

/// Are the members, taken alone, in one piece, and has each of them enough holders among them? Else parts of the sum could be seen alone.
bool hides_every_part(const ShareGraph& graph, const std::vector<bool>& members, std::size_t threshold);

}  // namespace consilium::fl
