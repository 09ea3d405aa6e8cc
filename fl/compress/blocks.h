#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>

#include "fl/compress/bytes.h"

namespace consilium::fl {

/// Blocks of values that share a scale.
inline constexpr std::size_t kSmallestBlock = 16, kLargestBlock = 1 << 20;
constexpr std::size_t block_count(std::size_t values, std::size_t block) { return (values + block - 1) / block; }

inline float largest_magnitude(std::span<const float> values) {
  float most = 0;
  for (const float value : values) most = std::max(most, std::abs(value));
  return most;
}

/// The length of blocks, from the front of `reader`.
/// @throws Error{kCorruptData}
inline std::size_t take_block(ByteReader& reader) {
  const auto block = reader.take<std::uint32_t>();
  require(block >= kSmallestBlock && block <= kLargestBlock, ErrorCode::kCorruptData,
          "blocks of " + std::to_string(block) + " values");
  return block;
}

}  // namespace consilium::fl
