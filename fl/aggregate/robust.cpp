#include "fl/aggregate/robust.h"

#include <algorithm>
#include <functional>

#include "fl/aggregate/bucketing.h"
#include "fl/aggregate/coordinate_wise.h"
#include "fl/aggregate/robust_weights.h"
#include "fl/aggregate/weighted_sum.h"

namespace consilium::fl {
namespace {

void add(ModelState& model, const SameValues& block, std::span<const double> step) {
  float* values = model.tensors[block.tensor].values.data() + block.begin;
  for (std::size_t i = 0; i < step.size(); ++i) values[i] = static_cast<float>(static_cast<double>(values[i]) + step[i]);
}

std::size_t value_count(const ModelState& global, const std::vector<std::size_t>& tensors) {
  std::size_t count = 0;
  for (const std::size_t tensor : tensors) count += global.tensors[tensor].values.size();
  return count;
}

/// Fewest updates that make `buckets` buckets of at most `size`.
std::size_t least_for(std::size_t buckets, std::int64_t size) { return (buckets - 1) * static_cast<std::size_t>(size) + 1; }

using CoefficientsOf = std::function<std::vector<double>(const GroupUpdates&, const Gram&)>;

/// w + sum coefficient_k D_k, for every group of at least `least` sites.
WeighedModel add_combination(const ModelState& global, std::span<const Update> updates, std::size_t least, const CoefficientsOf& coefficients_of) {
  WeighedModel result{global, {}};
  for (const GroupUpdates& group : group_updates(global, updates)) {
    if (group.updates.size() < least) continue;
    const std::vector<double> coefficients = coefficients_of(group, Gram::of(global, group));
    const double part = static_cast<double>(value_count(global, group.tensors)) / static_cast<double>(value_count(global));
    for (std::size_t k = 0; k < coefficients.size(); ++k) result.weights[group.updates[k]->site] += coefficients[k] * part;
    for_each_block(global, group, [&](std::size_t, const SameValues& block) {
      std::vector<WeightedValues> parts;
      for (std::size_t k = 0; k < coefficients.size(); ++k)
        if (coefficients[k] != 0) parts.push_back({block.values[k].data(), coefficients[k]});
      std::vector<double> step(block.count, 0);
      for (std::size_t first = 0; first < parts.size(); first += kPartsAtOnce) add_weighted(step, std::span(parts).subspan(first, std::min(kPartsAtOnce, parts.size() - first)));
      add(result.global, block, step);
    });
  }
  return result;
}

/// The same for a rule that is shown the means of random buckets.
WeighedModel add_bucketed(const RobustSettings& s, const ModelState& global, std::span<const Update> updates, std::size_t least, const std::function<std::vector<double>(const Gram&)>& coefficients_of) {
  return add_combination(global, updates, least_for(least, s.bucket), [&](const GroupUpdates& group, const Gram& gram) {
    if (s.bucket <= 1) return coefficients_of(gram);
    const Buckets buckets = deal(gram.count(), static_cast<std::size_t>(s.bucket), seed_from(global, group));
    return spread(coefficients_of(gram_of_means(gram, buckets)), buckets, gram.count());
  });
}

using OfSorted = std::function<void(std::span<const std::vector<float>> rows, std::span<double> out)>;

using ChosenOf = std::function<std::vector<std::size_t>(const Gram&)>;

/// w + of_sorted(values of the chosen sites, or of the chosen buckets), value by value.
WeighedModel add_coordinate_wise(const RobustSettings& s, const ModelState& global, std::span<const Update> updates, std::size_t least, const OfSorted& of_sorted, const ChosenOf& chosen_of = {}) {
  WeighedModel result{global, {}};
  for (const GroupUpdates& group : group_updates(global, updates)) {
    if (group.updates.size() < least_for(least, s.bucket)) continue;
    Buckets rows_of;  // each row is the mean of these updates
    if (s.bucket > 1) rows_of = deal(group.updates.size(), static_cast<std::size_t>(s.bucket), seed_from(global, group));
    else for (std::size_t n = 0; n < group.updates.size(); ++n) rows_of.push_back({n});
    if (chosen_of) {
      Buckets chosen;
      for (const std::size_t n : chosen_of(gram_of_means(Gram::of(global, group), rows_of))) chosen.push_back(rows_of[n]);
      rows_of = std::move(chosen);
    }
    for_each_block(global, group, [&](std::size_t, const SameValues& block) {
      std::vector<std::vector<float>> rows = means_of(block.values, rows_of);
      sort_columns(rows);
      std::vector<double> step(block.count);
      of_sorted(rows, step);
      add(result.global, block, step);
    });
  }
  return result;
}

std::vector<double> shares_of(const GroupUpdates& group, double cap) {
  std::vector<double> cases;
  for (const Update* update : group.updates) cases.push_back(static_cast<double>(update->cases_per_group.at(group.group)));
  return capped_shares(cases, cap);
}

}  // namespace

WeighedModel norm_bounded_mean(const RobustSettings& s, const ModelState& global, std::span<const Update> updates) {
  return add_combination(global, updates, 1, [&](const GroupUpdates& group, const Gram& gram) { return norm_bounded(gram, shares_of(group, s.cap), s.bound); });
}

WeighedModel geometric_median_step(const RobustSettings& s, const ModelState& global, std::span<const Update> updates) {
  return add_bucketed(s, global, updates, 1, [&](const Gram& gram) { return geometric_median(gram, static_cast<int>(s.iterations)); });
}

WeighedModel multi_krum_step(const RobustSettings& s, const ModelState& global, std::span<const Update> updates) {
  const auto attackers = static_cast<std::size_t>(s.attackers);
  return add_bucketed(s, global, updates, 2 * attackers + 3, [&](const Gram& gram) {
    return multi_krum(gram, attackers, s.keep > 0 ? std::min(static_cast<std::size_t>(s.keep), gram.count()) : gram.count() - attackers);
  });
}

WeighedModel fl_trust_step(const RobustSettings& s, const ModelState& global, std::span<const Update> updates) {
  return add_combination(global, updates, 2, [&](const GroupUpdates& group, const Gram& gram) {
    const auto root = std::find_if(group.updates.begin(), group.updates.end(), [&](const Update* update) { return update->site == s.root; });
    if (root == group.updates.end()) return std::vector<double>(gram.count(), 0);  // nothing to compare with in this round
    return fl_trust(gram, static_cast<std::size_t>(root - group.updates.begin()));
  });
}

WeighedModel median_step(const RobustSettings& s, const ModelState& global, std::span<const Update> updates) {
  return add_coordinate_wise(s, global, updates, 1, [](auto rows, std::span<double> out) { median_of_sorted(rows, out); });
}

WeighedModel trimmed_mean_step(const RobustSettings& s, const ModelState& global, std::span<const Update> updates) {
  return add_coordinate_wise(s, global, updates, 1, [&](auto rows, std::span<double> out) {
    // 0.2 of 5 sites is one site, also where 0.2 x 5 is a little less than 1.
    const auto drop = static_cast<std::size_t>(s.trim * static_cast<double>(rows.size()) + 1e-9);
    trimmed_mean_of_sorted(rows, std::min(drop, (rows.size() - 1) / 2), out);
  });
}

WeighedModel bulyan_step(const RobustSettings& s, const ModelState& global, std::span<const Update> updates) {
  const auto attackers = static_cast<std::size_t>(s.attackers);
  return add_coordinate_wise(
      s, global, updates, 4 * attackers + 3, [&](auto rows, std::span<double> out) { mean_around_median_of_sorted(rows, rows.size() - 2 * attackers, out); },
      [&](const Gram& gram) { return bulyan_choice(gram, attackers); });
}

}  // namespace consilium::fl
