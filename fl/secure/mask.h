#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "fl/secure/secret.h"

namespace consilium::fl {

/// Positions of a mask are asked for in blocks that begin at a multiple of this.
inline constexpr std::uint64_t kMaskStep = 8;  // numbers in a block of ChaCha20
/// What is masked, summed and written at once: half a mebibyte.
inline constexpr std::size_t kMaskBlock = 65536;

enum class MaskSign { kAdd, kSubtract };

/// Of the mask that two sites share: whose name comes first adds it, the other subtracts it, so that it is not in the sum.
inline MaskSign pair_sign(std::string_view own, std::string_view other) { return own < other ? MaskSign::kAdd : MaskSign::kSubtract; }
/// values[i] +-= mask[i] modulo 2^64. @pre as many of both
void add_mask(std::span<const std::uint64_t> mask, MaskSign sign, std::span<std::uint64_t> values);

/// values[i] +-= mask[position + i] modulo 2^64. The mask of a key is ChaCha20's key stream (RFC 8439, nonce zero) read as little endian numbers of 64 bits; it can be had from any
/// position on, so that a vector is masked block by block. Source: Bonawitz et al. 2017, section 4, "PRG".
void apply_mask(const Secret32& key, MaskSign sign, std::uint64_t position, std::span<std::uint64_t> values);

}  // namespace consilium::fl
