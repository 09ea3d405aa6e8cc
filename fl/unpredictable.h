#pragma once

#include <cstddef>
#include <string>

namespace consilium::fl {

/// Bytes that nobody can foresee, and that no seed repeats: names of runs and processes, tokens. Not for training: that is Rng's.
std::string unpredictable_bytes(std::size_t count);

}  // namespace consilium::fl
