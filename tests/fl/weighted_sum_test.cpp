#include "fl/aggregate/weighted_sum.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/rng.h"

namespace consilium::fl {
namespace {

TEST(WeightedSum, HasTheBitsOfThePlainLoop) {
  for (const std::size_t parts : {0, 1, 3, 4, 5, 11})
    for (const std::size_t count : {0, 1, 7, 16, 1000}) {
      Rng rng(parts * 1000 + count);
      std::vector<std::vector<float>> values(parts, std::vector<float>(count));
      std::vector<WeightedValues> weighted;
      for (auto& part : values) {
        for (float& value : part) value = static_cast<float>(rng.normal() * 1e-3);
        weighted.push_back({part.data(), rng.uniform(0, 50)});  // weights with all bits, so that a fused operation would show
      }
      std::vector<double> expected(count, 0.25), found = expected;
      for (const WeightedValues& part : weighted)
        for (std::size_t i = 0; i < count; ++i) {
          const volatile double product = part.weight * static_cast<double>(part.values[i]);  // rounded, whatever this file is compiled with
          expected[i] += product;
        }
      add_weighted(found, weighted);
      EXPECT_EQ(found, expected) << parts << " parts of " << count;
    }
}

}  // namespace
}  // namespace consilium::fl
