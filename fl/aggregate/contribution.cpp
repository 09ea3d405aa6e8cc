#include "fl/aggregate/contribution.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "fl/aggregate/dot_product.h"
#include "fl/aggregate/gram.h"
#include "fl/aggregate/group_updates.h"
#include "fl/aggregate/sketch.h"
#include "fl/aggregate/weighted_sum.h"

namespace consilium::fl {
namespace {

/// Squares and products of one group: D the mean, d_i an update.
struct Products {
  explicit Products(std::size_t count) : own(count, 0), with_mean(count, 0) {}
  std::vector<double> own;        ///< <d_i, d_i>
  std::vector<double> with_mean;  ///< <d_i, D>
  double mean = 0;                ///< <D, D>
  void add(const Products& other) {
    for (std::size_t i = 0; i < own.size(); ++i) own[i] += other.own[i], with_mean[i] += other.with_mean[i];
    mean += other.mean;
  }
};

std::vector<double> shares_of_cases(const GroupUpdates& group) {
  std::vector<double> shares;
  for (const Update* update : group.updates) shares.push_back(static_cast<double>(update->cases_per_group.at(group.group)));
  const double total = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (double& share : shares) share /= total;
  return shares;
}

Products products_of(const ModelState& global, const GroupUpdates& group, const std::vector<double>& shares) {
  std::vector<Products> stripes(kStripes, Products(group.updates.size()));
  for_each_block(global, group, [&](std::size_t stripe, const SameValues& block) {
    std::vector<double> mean(block.count, 0);
    std::vector<WeightedValues> parts;
    for (std::size_t i = 0; i < shares.size(); ++i) parts.push_back({block.values[i].data(), shares[i]});
    add_weighted(mean, parts);
    Products& sums = stripes[stripe];
    for (std::size_t i = 0; i < shares.size(); ++i) {
      const double with_mean = dot_product(block.values[i], mean);
      sums.own[i] += dot_product(block.values[i], block.values[i]);
      sums.with_mean[i] += with_mean;
      sums.mean += shares[i] * with_mean;
    }
  });
  Products all(group.updates.size());
  for (const Products& stripe : stripes) all.add(stripe);
  return all;
}

/// Squared distance of the mean to what it is without a site of share `share`; without the only site there is no step.
double squared_change(double share, double mean, double with_mean, double own) {
  if (share >= 1) return mean;
  const double factor = share / (1 - share);
  return factor * factor * std::max(0.0, mean - 2 * with_mean + own);
}

void add_likeness(const ModelState& global, const std::vector<const Update*>& updates, std::map<std::string, Contribution>& found) {
  const auto sketches = sketches_of(global, updates);
  Gram gram(updates.size());
  for (std::size_t i = 0; i < updates.size(); ++i)
    for (std::size_t j = 0; j <= i; ++j) gram.at(i, j) = gram.at(j, i) = std::inner_product(sketches[i].begin(), sketches[i].end(), sketches[j].begin(), 0.0);
  for (std::size_t i = 0; i < updates.size(); ++i) {
    double& likeness = found[updates[i]->site].likeness = -1;
    for (std::size_t j = 0; j < updates.size(); ++j)
      if (i != j) likeness = std::max(likeness, gram.cosine(i, j));
  }
}

}  // namespace

std::map<std::string, Contribution> contributions(const ModelState& global, std::span<const Update> updates) {
  struct Sums {
    double own = 0, with_mean = 0, change = 0, mean = 0;
  };
  std::map<std::string, Sums> sums;
  double mean = 0;
  const std::vector<GroupUpdates> groups = group_updates(global, updates);
  for (const GroupUpdates& group : groups) {
    const std::vector<double> shares = shares_of_cases(group);
    const Products products = products_of(global, group, shares);
    mean += products.mean;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      Sums& site = sums[group.updates[i]->site];
      site.own += products.own[i];
      site.with_mean += products.with_mean[i];
      site.mean += products.mean;
      site.change += squared_change(shares[i], products.mean, products.with_mean[i], products.own[i]);
    }
  }
  std::map<std::string, Contribution> found;
  for (const auto& [site, s] : sums) {
    const double lengths = std::sqrt(s.own) * std::sqrt(s.mean);
    found[site] = {std::sqrt(s.own), lengths > 0 ? std::clamp(s.with_mean / lengths, -1.0, 1.0) : 0, mean > 0 ? std::sqrt(s.change / mean) : 0, -2};
  }
  std::vector<const Update*> present;
  for (const Update* update : sorted_by_site(updates))
    if (found.contains(update->site)) present.push_back(update);
  if (present.size() <= kMostCompared) add_likeness(global, present, found);
  return found;
}

void note(const Contribution& c, std::map<std::string, double>& metrics) {
  metrics["update_norm"] = c.norm;
  metrics["cosine_to_mean"] = c.cosine;
  metrics["leave_one_out"] = c.leave_one_out;
  if (c.likeness >= -1) metrics["likeness"] = c.likeness;
}

}  // namespace consilium::fl
