#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/rng.h"
#include "fl/compress/values.h"

namespace consilium::fl {

/// Low rank: a tensor as a matrix M (first axis by the rest) becomes P Q^T with r columns each. One step of power iteration a
/// round, from the Q of the round before (warm start): P = orthonormalised M Q, then Q = M^T P. Biased: it needs error feedback.
///
/// Every site has its own Q here, so that one message a round is enough; the paper's workers share P and Q by two all-reduces,
/// which would make it linear. Source: Vogels et al. 2019, PowerSGD (arXiv:1905.13727), algorithm 1.
struct PowerSgdOptions {
  int rank = 4;
  ValueCoding values = ValueCoding::kBf16;  ///< of P and Q
};

/// Rank of the factors of a `rows` x `columns` matrix, or 0 where they would not be half as many numbers as the matrix (the
/// reference implementation's rule), or where it is a vector.
std::size_t power_sgd_rank(std::size_t rows, std::size_t columns, int rank);

/// `factor`: Q of the round before, row by row (columns x rank), empty before the first; replaced by this round's. `rng` fills
/// what is missing.
Parts encode_power_sgd(std::span<const float> matrix, std::size_t rows, const PowerSgdOptions& options,
                       std::vector<float>& factor, Rng& rng);
/// `rows` is the tensor's first extent. @throws Error{kCorruptData}
void decode_power_sgd(PartsView parts, std::size_t rows, std::span<float> matrix);

}  // namespace consilium::fl
