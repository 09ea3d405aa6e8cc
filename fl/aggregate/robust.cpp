#include "fl/aggregate/robust.h"

#include <algorithm>
#include <functional>

#include "fl/aggregate/coordinate_wise.h"
#include "fl/aggregate/robust_weights.h"
#include "fl/aggregate/weighted_sum.h"

namespace consilium::fl {
namespace {

void add(ModelState& model, const SameValues& block, std::span<const double> step) {
  float* values = model.tensors[block.tensor].values.data() + block.begin;
  for (std::size_t i = 0; i < step.size(); ++i) values[i] = static_cast<float>(static_cast<double>(values[i]) + step[i]);
}

/// w + sum coefficient_k D_k, for every group of at least `least` sites.
ModelState add_combination(const ModelState& global, std::span<const Update> updates, std::size_t least, const std::function<std::vector<double>(const GroupUpdates&, const Gram&)>& coefficients_of) {
  ModelState result = global;
  for (const GroupUpdates& group : group_updates(global, updates)) {
    if (group.updates.size() < least) continue;
    const std::vector<double> coefficients = coefficients_of(group, Gram::of(global, group));
    for_each_block(global, group, [&](std::size_t, const SameValues& block) {
      std::vector<WeightedValues> parts;
      for (std::size_t k = 0; k < coefficients.size(); ++k)
        if (coefficients[k] != 0) parts.push_back({block.values[k].data(), coefficients[k]});
      std::vector<double> step(block.count, 0);
      for (std::size_t first = 0; first < parts.size(); first += kPartsAtOnce) add_weighted(step, std::span(parts).subspan(first, std::min(kPartsAtOnce, parts.size() - first)));
      add(result, block, step);
    });
  }
  return result;
}

using OfSorted = std::function<void(std::span<const std::vector<float>> rows, std::span<double> out)>;

/// w + of_sorted(values of the chosen sites), value by value.
ModelState add_coordinate_wise(const ModelState& global, std::span<const Update> updates, std::size_t least, const OfSorted& of_sorted,
                               const std::function<std::vector<std::size_t>(const GroupUpdates&)>& chosen_of = {}) {
  ModelState result = global;
  for (const GroupUpdates& group : group_updates(global, updates)) {
    if (group.updates.size() < least) continue;
    GroupUpdates chosen = group;
    if (chosen_of) {
      chosen.updates.clear();
      for (const std::size_t n : chosen_of(group)) chosen.updates.push_back(group.updates[n]);
    }
    for_each_block(global, chosen, [&](std::size_t, const SameValues& block) {
      std::vector<std::vector<float>> rows;
      for (const auto& values : block.values) rows.emplace_back(values.begin(), values.end());
      sort_columns(rows);
      std::vector<double> step(block.count);
      of_sorted(rows, step);
      add(result, block, step);
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

ModelState norm_bounded_mean(const RobustSettings& s, const ModelState& global, std::span<const Update> updates) {
  return add_combination(global, updates, 1, [&](const GroupUpdates& group, const Gram& gram) { return norm_bounded(gram, shares_of(group, s.cap), s.bound); });
}

ModelState geometric_median_step(const RobustSettings& s, const ModelState& global, std::span<const Update> updates) {
  return add_combination(global, updates, 1, [&](const GroupUpdates&, const Gram& gram) { return geometric_median(gram, static_cast<int>(s.iterations)); });
}

ModelState multi_krum_step(const RobustSettings& s, const ModelState& global, std::span<const Update> updates) {
  const auto attackers = static_cast<std::size_t>(s.attackers);
  return add_combination(global, updates, 2 * attackers + 3, [&](const GroupUpdates&, const Gram& gram) {
    return multi_krum(gram, attackers, s.keep > 0 ? std::min(static_cast<std::size_t>(s.keep), gram.count()) : gram.count() - attackers);
  });
}

ModelState fl_trust_step(const RobustSettings& s, const ModelState& global, std::span<const Update> updates) {
  return add_combination(global, updates, 2, [&](const GroupUpdates& group, const Gram& gram) {
    const auto root = std::find_if(group.updates.begin(), group.updates.end(), [&](const Update* update) { return update->site == s.root; });
    if (root == group.updates.end()) return std::vector<double>(gram.count(), 0);  // nothing to compare with in this round
    return fl_trust(gram, static_cast<std::size_t>(root - group.updates.begin()));
  });
}

ModelState median_step(const ModelState& global, std::span<const Update> updates) {
  return add_coordinate_wise(global, updates, 1, [](auto rows, std::span<double> out) { median_of_sorted(rows, out); });
}

ModelState trimmed_mean_step(const RobustSettings& s, const ModelState& global, std::span<const Update> updates) {
  return add_coordinate_wise(global, updates, 1, [&](auto rows, std::span<double> out) {
    // 0.2 of 5 sites is one site, also where 0.2 x 5 is a little less than 1.
    const auto drop = static_cast<std::size_t>(s.trim * static_cast<double>(rows.size()) + 1e-9);
    trimmed_mean_of_sorted(rows, std::min(drop, (rows.size() - 1) / 2), out);
  });
}

ModelState bulyan_step(const RobustSettings& s, const ModelState& global, std::span<const Update> updates) {
  const auto attackers = static_cast<std::size_t>(s.attackers);
  return add_coordinate_wise(
      global, updates, 4 * attackers + 3, [&](auto rows, std::span<double> out) { mean_around_median_of_sorted(rows, rows.size() - 2 * attackers, out); },
      [&](const GroupUpdates& group) { return bulyan_choice(Gram::of(global, group), attackers); });
}

}  // namespace consilium::fl
