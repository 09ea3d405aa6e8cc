#include "fl/aggregate/fools_gold.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "fl/aggregate/fedavg.h"
#include "fl/aggregate/robust_weights.h"
#include "fl/aggregate/sketch.h"

namespace consilium::fl {

void add_to_histories(const ModelState& global, std::span<const Update> updates, ModelState& histories) {
  const std::vector<const Update*> sorted = sorted_by_site(updates);
  const auto sketches = sketches_of(global, sorted);
  for (std::size_t n = 0; n < sorted.size(); ++n) {
    const std::string& site = sorted[n]->site;
    auto sum = std::lower_bound(histories.tensors.begin(), histories.tensors.end(), site, [](const NamedTensor& tensor, const std::string& name) { return tensor.name < name; });
    if (sum == histories.tensors.end() || sum->name != site) sum = histories.tensors.insert(sum, {site, "history", {static_cast<std::int64_t>(sketches[n].size())}, std::vector<float>(sketches[n].size(), 0)});
    require(sum->values.size() == sketches[n].size(), ErrorCode::kMismatch, "the history of site \"" + site + "\" is of another model");
    for (std::size_t i = 0; i < sum->values.size(); ++i) sum->values[i] = static_cast<float>(static_cast<double>(sum->values[i]) + sketches[n][i]);
  }
}

SiteWeights fools_gold_weights(const ModelState& histories) {
  const std::vector<NamedTensor>& tensors = histories.tensors;
  Gram gram(tensors.size());
  for (std::size_t i = 0; i < tensors.size(); ++i)
    for (std::size_t j = 0; j <= i; ++j)
      gram.at(i, j) = gram.at(j, i) = std::transform_reduce(tensors[i].values.begin(), tensors[i].values.end(), tensors[j].values.begin(), 0.0, std::plus<>(), [](float a, float b) { return static_cast<double>(a) * static_cast<double>(b); });
  const std::vector<double> weights = fools_gold(gram);
  SiteWeights by_name;
  for (std::size_t i = 0; i < tensors.size(); ++i) by_name[tensors[i].name] = weights[i];
  return by_name;
}

WeighedModel fools_gold_step(const ModelState& global, std::span<const Update> updates, ModelState& histories) {
  add_to_histories(global, updates, histories);
  const SiteWeights weights = fools_gold_weights(histories);
  WeighedModel result{fed_avg(global, updates, &weights), {}};
  for (const Update& update : updates) result.weights[update.site] = weights.at(update.site);
  const double total = std::accumulate(result.weights.begin(), result.weights.end(), 0.0, [](double sum, const auto& entry) { return sum + entry.second; });
  for (auto& [site, weight] : result.weights) weight = total > 0 ? weight / total : 0;
  return result;
}

}  // namespace consilium::fl
