#include "fl/aggregate/gram.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace consilium::fl {
namespace {

/// Eight sums, so that the compiler may keep them in one register; added in a fixed order.
double dot(std::span<const float> a, std::span<const float> b) {
  std::array<double, 8> sums{};
  std::size_t i = 0;
  for (; i + sums.size() <= a.size(); i += sums.size())
    for (std::size_t lane = 0; lane < sums.size(); ++lane) sums[lane] += static_cast<double>(a[i + lane]) * static_cast<double>(b[i + lane]);
  for (; i < a.size(); ++i) sums[0] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

}  // namespace

Gram Gram::of(const ModelState& global, const GroupUpdates& group) {
  const std::size_t count = group.updates.size();
  std::vector<Gram> stripes(kStripes, Gram(count));
  for_each_block(global, group, [&](std::size_t stripe, const SameValues& block) {
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t j = i; j < count; ++j) stripes[stripe].at(i, j) += dot(block.values[i], block.values[j]);
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
