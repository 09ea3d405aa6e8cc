#include "pipelines/count_words.h"

#include <cmath>

#include "base/error.h"

namespace consilium::pipelines {
namespace {

constexpr int kBits = 13;
constexpr std::size_t kWords = 3;

}  // namespace

NamedTensor to_count_words(std::string name, std::string group, std::span<const std::uint64_t> counts) {
  NamedTensor tensor{std::move(name), std::move(group), {static_cast<std::int64_t>(kWords), static_cast<std::int64_t>(counts.size())}, std::vector<float>(kWords * counts.size())};
  for (std::size_t n = 0; n < counts.size(); ++n) {
    require(counts[n] <= kLargestCount, ErrorCode::kUnsupported, tensor.name + ": a count of " + std::to_string(counts[n]) + " is too large to be summed exactly");
    for (std::size_t word = 0; word < kWords; ++word) tensor.values[word * counts.size() + n] = static_cast<float>((counts[n] >> (kBits * word)) & ((1U << kBits) - 1));
  }
  return tensor;
}

std::vector<std::uint64_t> sums_of(const NamedTensor& mean, std::size_t sites) {
  require(sites <= kMostCountingSites, ErrorCode::kUsage, "counts of more than " + std::to_string(kMostCountingSites) + " sites are not summed exactly");
  require(mean.shape.size() == 2 && mean.shape[0] == static_cast<std::int64_t>(kWords) && mean.values.size() % kWords == 0, ErrorCode::kCorruptData, mean.name + ": is no tensor of counts");
  const std::size_t count = mean.values.size() / kWords;
  const double most = static_cast<double>(sites) * ((1U << kBits) - 1);
  std::vector<std::uint64_t> sums(count, 0);
  for (std::size_t word = 0; word < kWords; ++word)
    for (std::size_t n = 0; n < count; ++n) {
      const double sum = static_cast<double>(mean.values[word * count + n]) * static_cast<double>(sites), whole = std::round(sum);
      require(std::abs(sum - whole) <= 0.3 && whole >= 0 && whole <= most, ErrorCode::kCorruptData, mean.name + ": holds a value that is no mean of counts");
      sums[n] += static_cast<std::uint64_t>(whole) << (kBits * word);
    }
  return sums;
}

}  // namespace consilium::pipelines
