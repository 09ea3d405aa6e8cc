#include "fl/compress/power_sgd.h"

#include <algorithm>
#include <cmath>

#include "fl/compress/bytes.h"

namespace consilium::fl {
namespace {

/// Columns of `factor` (rows x rank) made orthonormal in their order; one that the others span becomes 0.
void orthonormalise(std::vector<double>& factor, std::size_t rank) {
  const std::size_t rows = factor.size() / rank;
  const auto dot = [&](std::size_t a, std::size_t b) {
    double sum = 0;
    for (std::size_t row = 0; row < rows; ++row) sum += factor[row * rank + a] * factor[row * rank + b];
    return sum;
  };
  for (std::size_t column = 0; column < rank; ++column) {
    const double before = std::sqrt(dot(column, column));
    for (int pass = 0; pass < 2; ++pass)  // the second takes what rounding left of the first
      for (std::size_t other = 0; other < column; ++other) {
        const double share = dot(column, other);
        for (std::size_t row = 0; row < rows; ++row) factor[row * rank + column] -= share * factor[row * rank + other];
      }
    const double norm = std::sqrt(dot(column, column));
    const double scale = norm > 1e-9 * before && norm > 0 ? 1 / norm : 0;
    for (std::size_t row = 0; row < rows; ++row) factor[row * rank + column] *= scale;
  }
}

/// A column of Q that is 0 would stay 0 for ever; numbers of another rank or model are of no use.
void refill(std::vector<float>& factor, std::size_t columns, std::size_t rank, Rng& rng) {
  if (factor.size() != columns * rank) factor.assign(columns * rank, 0);
  for (std::size_t r = 0; r < rank; ++r) {
    bool empty = true;
    for (std::size_t c = 0; c < columns; ++c) empty = empty && factor[c * rank + r] == 0;
    for (std::size_t c = 0; empty && c < columns; ++c) factor[c * rank + r] = static_cast<float>(rng.normal());
  }
}

/// M Q, rows x rank.
std::vector<double> project(std::span<const float> matrix, std::size_t rows, std::span<const float> factor, std::size_t rank) {
  const std::size_t columns = matrix.size() / rows;
  std::vector<double> result(rows * rank);
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t c = 0; c < columns; ++c) {
      const double value = matrix[row * columns + c];
      for (std::size_t r = 0; r < rank; ++r) result[row * rank + r] += value * factor[c * rank + r];
    }
  return result;
}

/// M^T P, columns x rank.
std::vector<double> project_back(std::span<const float> matrix, std::size_t rows, std::span<const double> factor,
                                 std::size_t rank) {
  const std::size_t columns = matrix.size() / rows;
  std::vector<double> result(columns * rank);
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t c = 0; c < columns; ++c) {
      const double value = matrix[row * columns + c];
      for (std::size_t r = 0; r < rank; ++r) result[c * rank + r] += value * factor[row * rank + r];
    }
  return result;
}

}  // namespace

std::size_t power_sgd_rank(std::size_t rows, std::size_t columns, int rank) {
  const std::size_t r = std::min({static_cast<std::size_t>(rank), rows, columns});
  return r > 0 && 2 * r * (rows + columns) <= rows * columns ? r : 0;
}

Parts encode_power_sgd(std::span<const float> matrix, std::size_t rows, const PowerSgdOptions& options,
                       std::vector<float>& factor, Rng& rng) {
  const std::size_t columns = matrix.size() / rows, rank = power_sgd_rank(rows, columns, options.rank);
  require(rank > 0, ErrorCode::kUsage, "a matrix that is too small for PowerSGD");
  refill(factor, columns, rank, rng);
  std::vector<double> p = project(matrix, rows, factor, rank);
  orthonormalise(p, rank);
  const std::vector<double> q = project_back(matrix, rows, p, rank);
  factor.assign(q.begin(), q.end());
  std::vector<float> numbers(p.begin(), p.end());
  numbers.insert(numbers.end(), q.begin(), q.end());
  Parts parts(1);
  put(parts[0], static_cast<std::uint8_t>(options.values));
  put_varint(parts[0], rank);
  for (std::string& part : encode_values(options.values, numbers)) parts.push_back(std::move(part));
  return parts;
}

void decode_power_sgd(PartsView parts, std::size_t rows, std::span<float> matrix) {
  require(!parts.empty() && rows > 0 && !matrix.empty(), ErrorCode::kCorruptData, "factors of an empty matrix");
  const std::size_t columns = matrix.size() / rows;
  ByteReader reader(parts[0]);
  const ValueCoding coding = value_coding(reader.take<std::uint8_t>());
  const std::uint64_t rank = reader.take_varint();
  reader.finish();
  require(rank > 0 && rank <= std::min(rows, columns) && rank * (rows + columns) <= matrix.size(), ErrorCode::kCorruptData,
          "factors of rank " + std::to_string(rank));
  std::vector<float> numbers(rank * (rows + columns));
  decode_values(coding, parts.subspan(1), numbers);
  const float* p = numbers.data();
  const float* q = p + rows * rank;
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t c = 0; c < columns; ++c) {
      float sum = 0;
      for (std::size_t r = 0; r < rank; ++r) sum += p[row * rank + r] * q[c * rank + r];
      matrix[row * columns + c] = sum;
    }
}

}  // namespace consilium::fl
