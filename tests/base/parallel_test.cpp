#include "base/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

#include "base/error.h"

namespace consilium {
namespace {

TEST(ParallelFor, CoversEveryIndexOnce) {
  std::vector<std::atomic<int>> seen(1003);
  parallel_for(seen.size(), 10, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) ++seen[i];
  });
  for (const auto& count : seen) EXPECT_EQ(count, 1);
}

TEST(ParallelFor, RethrowsOnTheCallersThread) {
  EXPECT_THROW(parallel_for(100, 1, [](std::size_t begin, std::size_t) { require(begin != 50, ErrorCode::kCorruptData, "fifty"); }), Error);
}

}  // namespace
}  // namespace consilium
