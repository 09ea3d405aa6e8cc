#include <gtest/gtest.h>

#include <functional>

#include "fl/compress/rotation.h"
#include "fl/compress/stochastic.h"
#include "tests/fl/compress/deltas.h"

namespace consilium::fl {
namespace {

using Codec = std::function<std::vector<float>(const std::vector<float>&, std::uint64_t seed)>;

/// Squared error of the mean of `draws` decodings over the mean squared error of one, times `draws`. An unbiased codec gives 1 on
/// average; a bias b adds draws |b|^2 / error^2. Over d values that err independently its deviation is sqrt(2 / d), so that 5
/// deviations are a false alarm once in 3.5 million runs; the seeds are fixed, so it is drawn once.
double bias_ratio(const Codec& codec, const std::vector<float>& values, int draws) {
  std::vector<double> sum(values.size());
  double error = 0;
  for (int draw = 0; draw < draws; ++draw) {
    const std::vector<float> found = codec(values, 1000 + static_cast<std::uint64_t>(draw));
    for (std::size_t n = 0; n < values.size(); ++n) {
      sum[n] += found[n];
      error += std::pow(static_cast<double>(found[n]) - values[n], 2);
    }
  }
  double mean_error = 0;
  for (std::size_t n = 0; n < values.size(); ++n) mean_error += std::pow(sum[n] / draws - values[n], 2);
  return mean_error * draws * draws / error;
}

TEST(Unbiased, StochasticQuantisationIsRightOnAverage) {
  const std::vector<float> values = test::heavy_tailed(4096, 31);
  for (const int bits : {2, 4, 8}) {
    const Codec codec = [&](const std::vector<float>& x, std::uint64_t seed) {
      Rng rng(seed);
      std::vector<float> found(x.size());
      decode_stochastic(encode_stochastic(x, {bits, 512}, rng), found);
      return found;
    };
    // At few bits most of the error lies in some hundred values: the deviation is that of d = 400.
    EXPECT_NEAR(bias_ratio(codec, values, 400), 1, 5 * std::sqrt(2.0 / 400)) << bits;
  }
}

TEST(Unbiased, RotationIsRightOnAverage) {
  const std::vector<float> values = test::heavy_tailed(4096, 32);
  for (int bits = 1; bits <= 4; ++bits) {
    const Codec codec = [&](const std::vector<float>& x, std::uint64_t seed) {
      std::vector<float> found(x.size());
      decode_rotation(encode_rotation(x, {bits, seed}), found);
      return found;
    };
    EXPECT_NEAR(bias_ratio(codec, values, 400), 1, 5 * std::sqrt(2.0 / 4096)) << bits;
  }
}

/// The measure sees what it is for.
TEST(Unbiased, ABiasOfATenthOfTheErrorIsSeen) {
  const std::vector<float> values = test::heavy_tailed(4096, 33);
  const Codec biased = [](const std::vector<float>& x, std::uint64_t seed) {
    std::vector<float> found(x.size());
    decode_rotation(encode_rotation(x, {1, seed}), found);
    for (float& value : found) value *= 0.925F;  // 0.075 |x| beside an error of 0.755 |x|
    return found;
  };
  EXPECT_GT(bias_ratio(biased, values, 400), 3);
}

}  // namespace
}  // namespace consilium::fl
