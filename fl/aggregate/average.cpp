#include "fl/aggregate/average.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/parallel.h"

namespace consilium::fl {
namespace {

struct Part {
  const float* delta;
  double weight;
};

std::vector<const Update*> sorted_by_site(const ModelState& global, std::span<const Update> updates) {
  std::vector<const Update*> sorted;
  for (const Update& update : updates) {
    require_valid(update, global, update.round, update.base_digest);
    sorted.push_back(&update);
  }
  std::sort(sorted.begin(), sorted.end(), [](const Update* a, const Update* b) { return a->site < b->site; });
  for (std::size_t n = 1; n < sorted.size(); ++n)
    require(sorted[n]->site != sorted[n - 1]->site, ErrorCode::kUsage, "site \"" + sorted[n]->site + "\" sent two updates for one round");
  return sorted;
}

}  // namespace

void average_deltas(const ModelState& global, std::span<const Update> updates, const std::function<void(const AveragedBlock&)>& use, const SiteWeights* weights) {
  // Blocks keep the float64 sums in cache while every update is read once.
  constexpr std::size_t kBlock = 4096;
  const std::vector<const Update*> sorted = sorted_by_site(global, updates);
  for (std::size_t number = 0; number < global.tensors.size(); ++number) {
    const NamedTensor& tensor = global.tensors[number];
    std::vector<Part> parts;
    double total = 0;
    for (const Update* update : sorted) {
      const auto& tensors = update->delta.tensors;
      const auto at = std::lower_bound(tensors.begin(), tensors.end(), tensor.name, [](const NamedTensor& t, const std::string& name) { return t.name < name; });
      if (at == tensors.end() || at->name != tensor.name) continue;
      const auto cases = static_cast<double>(update->cases_per_group.at(tensor.group));
      if (cases == 0) continue;
      double weight = cases;
      if (weights != nullptr) {
        const auto own = weights->find(update->site);
        weight = own == weights->end() ? 0 : own->second;
        if (weight == 0) continue;
      }
      parts.push_back({at->values.data(), weight});
      total += weight;
    }
    if (total == 0) continue;
    parallel_for(tensor.values.size(), kBlock, [&](std::size_t begin, std::size_t end) {
      std::vector<double> mean(end - begin, 0);
      for (const Part& part : parts)
        for (std::size_t i = begin; i < end; ++i) mean[i - begin] += part.weight * static_cast<double>(part.delta[i]);
      for (double& value : mean) value /= total;
      use({number, begin, mean});
    });
  }
}

}  // namespace consilium::fl
