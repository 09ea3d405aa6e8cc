#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "models/state/model_state.h"

namespace consilium::pipelines {

/// Whole numbers as float32 tensors whose sum over sites survives a federation's mean exactly.
///
/// A count is three words of 13 bits, so sites of equal weight sum to at most 1024 * 2^13 = 2^23 a word. The mean in float32 is off by at most 2^-25 of
/// itself, its product with the number of sites by less than a quarter: the nearest whole number is the sum.
inline constexpr std::size_t kMostCountingSites = 1024;
inline constexpr std::uint64_t kLargestCount = (1ULL << 39) - 1;

/// A tensor [3, counts.size()]. @throws Error{kUnsupported} a count above kLargestCount.
NamedTensor to_count_words(std::string name, std::string group, std::span<const std::uint64_t> counts);

/// The sums behind a mean over `sites` sites. @throws Error{kCorruptData} naming the tensor: it is no [3, N], or no mean of counts; Error{kUsage} more than
/// kMostCountingSites.
std::vector<std::uint64_t> sums_of(const NamedTensor& mean, std::size_t sites);

}  // namespace consilium::pipelines
