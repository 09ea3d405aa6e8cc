#include "fl/aggregate/average.h"

#include <algorithm>
#include <optional>
#include <tuple>
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
  double factor;  ///< of its values: weight and discount
};

std::vector<const Update*> sorted_by_site(const ModelState& global, std::span<const Update> updates) {
  std::vector<const Update*> sorted;
  for (const Update& update : updates) {
    require_fits(update, global, update.round, update.base_digest);
    sorted.push_back(&update);
  }
  std::sort(sorted.begin(), sorted.end(), [](const Update* a, const Update* b) { return std::tie(a->site, a->round) < std::tie(b->site, b->round); });
  for (std::size_t n = 1; n < sorted.size(); ++n)
    require(sorted[n]->site != sorted[n - 1]->site || sorted[n]->round != sorted[n - 1]->round, ErrorCode::kUsage, "site \"" + sorted[n]->site + "\" sent two updates for one round");
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
    if (weight != 0) parts.push_back({UpdateWeights(*update), *number, weight, weight * update->discount});
  }
  return parts;
}

/// A tensor that somebody trained.
struct Averaged {
  std::size_t number;
  std::vector<Part> parts;
  double total;
};

/// Values [begin, end) of one of them.
struct Block {
  const Averaged* tensor;
  std::size_t begin, end;
};

/// Sums of one block, in the order of the parts; memory is the caller's, for it is used for many blocks.
void average_block(const Block& block, std::vector<double>& mean, std::vector<float>& scratch) {
  mean.assign(block.end - block.begin, 0);
  for (const Part& part : block.tensor->parts) {
    const float* delta = part.weights.block(part.number, block.begin, mean.size(), scratch).data();
    double* sum = mean.data();
    for (std::size_t i = 0; i < mean.size(); ++i) sum[i] += part.factor * static_cast<double>(delta[i]);
  }
  for (double& value : mean) value /= block.tensor->total;
}

}  // namespace

void average_deltas(const ModelState& global, std::span<const Update> updates, const std::function<void(const AveragedBlock&)>& use, const SiteWeights* weights) {
  // Blocks keep the float64 sums in cache while every update is read once; larger ones save calls where updates lie on disk.
  constexpr std::size_t kBlock = 8192, kBlocksAtOnce = 8;
  const std::vector<const Update*> sorted = sorted_by_site(global, updates);
  std::vector<Averaged> tensors;
  for (std::size_t number = 0; number < global.tensors.size(); ++number) {
    Averaged tensor{number, parts_of(global.tensors[number], sorted, weights), 0};
    for (const Part& part : tensor.parts) tensor.total += part.weight;
    if (tensor.total != 0) tensors.push_back(std::move(tensor));
  }
  std::vector<Block> blocks;
  for (const Averaged& tensor : tensors)
    for (std::size_t begin = 0, count = global.tensors[tensor.number].values.size(); begin < count; begin += kBlock) blocks.push_back({&tensor, begin, std::min(begin + kBlock, count)});
  parallel_for(blocks.size(), kBlocksAtOnce, [&](std::size_t first, std::size_t last) {
    std::vector<double> mean;
    std::vector<float> scratch;
    for (std::size_t n = first; n < last; ++n) {
      average_block(blocks[n], mean, scratch);
      use({blocks[n].tensor->number, blocks[n].begin, mean});
    }
  });
}

}  // namespace consilium::fl
