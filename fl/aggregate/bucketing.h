#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fl/aggregate/gram.h"

namespace consilium::fl {

/// Numbers of updates, bucket by bucket.
using Buckets = std::vector<std::vector<std::size_t>>;

/// `count` updates dealt at random into ceil(count / size) buckets of at most `size`. A robust rule then sees the buckets' means: they differ less from one another than sites with different
/// patients do, and f liars spoil at most f buckets. `seed`: the same deals the same.
/// Source: Karimireddy, He, Jaggi 2022 (arXiv:2006.09365), algorithm 1.
Buckets deal(std::size_t count, std::size_t size, std::uint64_t seed);

/// A seed that no site can know before it sends: it depends on every update of the group, and on nothing else.
std::uint64_t seed_from(const ModelState& global, const GroupUpdates& group);

/// Inner products of the buckets' means, from those of the updates: no value is looked at again.
Gram gram_of_means(const Gram& gram, const Buckets& buckets);
/// What each update counts for, from what each bucket's mean does.
std::vector<double> spread(std::span<const double> of_buckets, const Buckets& buckets, std::size_t count);
/// The means of the buckets, value by value.
std::vector<std::vector<float>> means_of(std::span<const std::span<const float>> rows, const Buckets& buckets);

}  // namespace consilium::fl
