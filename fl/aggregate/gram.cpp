#include "fl/aggregate/gram.h"

#include <algorithm>
#include <cmath>

#include "fl/aggregate/dot_product.h"

namespace consilium::fl {
Gram Gram::of(const ModelState& global, const GroupUpdates& group) {
  const std::size_t count = group.updates.size();
  std::vector<Gram> stripes(kStripes, Gram(count));
  for_each_block(global, group, [&](std::size_t stripe, const SameValues& block) {
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t j = i; j < count; ++j) stripes[stripe].at(i, j) += dot_product(block.values[i], block.values[j]);
  });
  Gram gram(count);
  for (const Gram& stripe : stripes)
    for (std::size_t n = 0; n < gram.products_.size(); ++n) gram.products_[n] += stripe.products_[n];
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t j = 0; j < i; ++j) gram.at(i, j) = gram.at(j, i);
  return gram;
}

double Gram::norm(std::size_t i) const { return std::sqrt(at(i, i)); }

double Gram::squared_distance(std::size_t i, std::size_t j) const { return std::max(0.0, at(i, i) + at(j, j) - 2 * at(i, j)); }

double Gram::cosine(std::size_t i, std::size_t j) const {
  const double lengths = norm(i) * norm(j);
  return lengths > 0 ? std::clamp(at(i, j) / lengths, -1.0, 1.0) : 0;
}

}  // namespace consilium::fl
