#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace consilium::fl {

/// What a codec makes of one tensor: byte strings that zstd compresses apart, because their statistics differ.
using Parts = std::vector<std::string>;
using PartsView = std::span<const std::string>;

/// Room that the parts of a tensor of `values` values can take together, whatever the codec: a bound for what is read.
constexpr std::uint64_t most_part_bytes(std::uint64_t values) { return 12 * values + 4096; }

/// @throws Error{kCorruptData} there are not as many parts as the codec makes.
void require_parts(PartsView parts, std::size_t count);

}  // namespace consilium::fl
