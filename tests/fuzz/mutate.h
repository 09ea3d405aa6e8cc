#pragma once

#include <cstdint>
#include <vector>

#include "base/rng.h"

namespace consilium::fuzz {

using Bytes = std::vector<std::uint8_t>;

/// A damaged copy: one to four times a bit turned, a byte set, a number of 1 to 8 bytes replaced by one at an edge of its range
/// (either byte order), a decimal number replaced, a block cut out, doubled, moved or filled in from `other`, or the end cut off.
Bytes mutate(const Bytes& bytes, const Bytes& other, Rng& rng);

}  // namespace consilium::fuzz
