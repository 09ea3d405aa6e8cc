#include "fl/aggregate/bucketing.h"

#include <cstring>
#include <numeric>

#include "base/rng.h"
#include "fl/wire/chunks.h"

namespace consilium::fl {

Buckets deal(std::size_t count, std::size_t size, std::uint64_t seed) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  Rng rng(seed);
  for (std::size_t n = count; n > 1; --n) std::swap(order[n - 1], order[rng.below(n)]);
  Buckets buckets((count + size - 1) / size);
  for (std::size_t n = 0; n < count; ++n) buckets[n / size].push_back(order[n]);
  return buckets;
}

std::uint64_t seed_from(const ModelState& global, const GroupUpdates& group) {
  std::string bytes;
  std::vector<float> scratch;
  for (const Update* update : group.updates) {
    const UpdateWeights weights(*update);
    const NamedTensor& tensor = global.tensors[group.tensors.front()];
    const auto values = weights.block(*weights.find(tensor.name), 0, std::min<std::size_t>(tensor.values.size(), 4096), scratch);
    bytes += sha256({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
  }
  const std::string hash = sha256(bytes);
  std::uint64_t seed = 0;
  std::memcpy(&seed, hash.data(), sizeof seed);
  return seed;
}

Gram gram_of_means(const Gram& gram, const Buckets& buckets) {
  Gram means(buckets.size());
  for (std::size_t a = 0; a < buckets.size(); ++a)
    for (std::size_t b = 0; b < buckets.size(); ++b) {
      for (const std::size_t i : buckets[a])
        for (const std::size_t j : buckets[b]) means.at(a, b) += gram.at(i, j);
      means.at(a, b) /= static_cast<double>(buckets[a].size() * buckets[b].size());
    }
  return means;
}

std::vector<double> spread(std::span<const double> of_buckets, const Buckets& buckets, std::size_t count) {
  std::vector<double> coefficients(count, 0);
  for (std::size_t b = 0; b < buckets.size(); ++b)
    for (const std::size_t i : buckets[b]) coefficients[i] = of_buckets[b] / static_cast<double>(buckets[b].size());
  return coefficients;
}

std::vector<std::vector<float>> means_of(std::span<const std::span<const float>> rows, const Buckets& buckets) {
  std::vector<std::vector<float>> means;
  means.reserve(buckets.size());
  for (const std::vector<std::size_t>& bucket : buckets) {
    if (bucket.size() == 1) {
      means.emplace_back(rows[bucket[0]].begin(), rows[bucket[0]].end());
      continue;
    }
    std::vector<float> mean(rows.front().size());
    for (std::size_t n = 0; n < mean.size(); ++n) {
      double sum = 0;
      for (const std::size_t i : bucket) sum += static_cast<double>(rows[i][n]);
      mean[n] = static_cast<float>(sum / static_cast<double>(bucket.size()));
    }
    means.push_back(std::move(mean));
  }
  return means;
}

}  // namespace consilium::fl
