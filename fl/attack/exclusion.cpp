#include "fl/attack/exclusion.h"

#include <algorithm>

#include "fl/aggregate/robust_weights.h"

namespace consilium::fl {
namespace {

/// Which updates of a group have a say; empty where all have, or the group stays as it is.
std::vector<bool> chosen(const AggregationSettings& s, const GroupUpdates& group, const Gram& gram) {
  const std::size_t count = gram.count();
  if (count < static_cast<std::size_t>(least_updates(s))) return {};
  const auto attackers = static_cast<std::size_t>(s.robust.attackers);
  std::vector<double> weights(count, 0);
  switch (s.rule) {
    case AggregationRule::kKrum: weights = multi_krum(gram, attackers, 1); break;
    case AggregationRule::kMultiKrum: weights = multi_krum(gram, attackers, s.robust.keep > 0 ? std::min(static_cast<std::size_t>(s.robust.keep), count) : count - attackers); break;
    case AggregationRule::kBulyan:
      for (const std::size_t n : bulyan_choice(gram, attackers)) weights[n] = 1;
      break;
    case AggregationRule::kFlTrust: {
      const auto root = std::find_if(group.updates.begin(), group.updates.end(), [&](const Update* update) { return update->site == s.robust.root; });
      if (root == group.updates.end()) return {};
      weights = fl_trust(gram, static_cast<std::size_t>(root - group.updates.begin()));
      break;
    }
    default: return {};
  }
  std::vector<bool> result;
  for (const double weight : weights) result.push_back(weight > 0);
  return result;
}

}  // namespace

std::optional<std::map<std::string, double>> excluded_shares(const AggregationSettings& settings, const ModelState& global, std::span<const Update> updates) {
  std::map<std::string, double> excluded;
  double values = 0;
  for (const GroupUpdates& group : group_updates(global, updates)) {
    const std::vector<bool> has_say = chosen(settings, group, Gram::of(global, group));
    if (has_say.empty()) continue;
    double size = 0;
    for (const std::size_t tensor : group.tensors) size += static_cast<double>(element_count(global.tensors[tensor].shape));
    values += size;
    for (std::size_t n = 0; n < has_say.size(); ++n)
      if (group.updates[n]->site != settings.robust.root) excluded[group.updates[n]->site] += has_say[n] ? 0 : size;
  }
  if (values == 0) return {};
  for (auto& [site, share] : excluded) share /= values;
  return excluded;
}

}  // namespace consilium::fl
