#include "fl/aggregate/average.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/parallel.h"

namespace consilium::fl {
namespace {

/// One site's say in one tensor.
struct Part {
  UpdateWeights weights;
  std::size_t number;  ///< of the tensor, in the update
  double weight;
};

std::vector<const Update*> sorted_by_site(const ModelState& global, std::span<const Update> updates) {
  std::vector<const Update*> sorted;
  for (const Update& update : updates) {
    require_fits(update, global, update.round, update.base_digest);
    sorted.push_back(&update);
  }
  std::sort(sorted.begin(), sorted.end(), [](const Update* a, const Update* b) { return a->site < b->site; });
  for (std::size_t n = 1; n < sorted.size(); ++n)
    require(sorted[n]->site != sorted[n - 1]->site, ErrorCode::kUsage, "site \"" + sorted[n]->site + "\" sent two updates for one round");
  return sorted;
}

/// Number of a tensor in an update, by its name; tensors are sorted.
std::optional<std::size_t> number_of(const UpdateWeights& weights, const std::string& name) {
  std::size_t low = 0, high = weights.size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (weights.tensor(middle).name < name) low = middle + 1;
    else high = middle;
  }
  return low < weights.size() && weights.tensor(low).name == name ? std::optional(low) : std::nullopt;
}

std::vector<Part> parts_of(const NamedTensor& tensor, const std::vector<const Update*>& updates, const SiteWeights* weights) {
  std::vector<Part> parts;
  for (const Update* update : updates) {
    const auto number = number_of(UpdateWeights(*update), tensor.name);
    if (!number) continue;
    const auto cases = static_cast<double>(update->cases_per_group.at(tensor.group));
    if (cases == 0) continue;
    double weight = cases;
    if (weights != nullptr) {
      const auto own = weights->find(update->site);
      weight = own == weights->end() ? 0 : own->second;
    }
    if (weight != 0) parts.push_back({UpdateWeights(*update), *number, weight});
  }
  return parts;
}

}  // namespace

void average_deltas(const ModelState& global, std::span<const Update> updates, const std::function<void(const AveragedBlock&)>& use, const SiteWeights* weights) {
  // Blocks keep the float64 sums in cache while every update is read once; larger ones save calls where updates lie on disk.
  constexpr std::size_t kBlock = 16384;
  const std::vector<const Update*> sorted = sorted_by_site(global, updates);
  for (std::size_t number = 0; number < global.tensors.size(); ++number) {
    const std::vector<Part> parts = parts_of(global.tensors[number], sorted, weights);
    double total = 0;
    for (const Part& part : parts) total += part.weight;
    if (total == 0) continue;
    parallel_for(global.tensors[number].values.size(), kBlock, [&](std::size_t begin, std::size_t end) {
      std::vector<double> mean(end - begin, 0);
      std::vector<float> scratch;
      for (const Part& part : parts) {
        const std::span<const float> delta = part.weights.block(part.number, begin, end - begin, scratch);
        for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += part.weight * static_cast<double>(delta[i]);
      }
      for (double& value : mean) value /= total;
      use({number, begin, mean});
    });
  }
}

}  // namespace consilium::fl
