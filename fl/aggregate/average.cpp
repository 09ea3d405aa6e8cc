#include "fl/aggregate/average.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/parallel.h"
#include "fl/aggregate/weighted_sum.h"

namespace consilium::fl {
namespace {

/// One site's say in one tensor.
struct Part {
  const Update* update;
  UpdateWeights weights;
  std::size_t number;  ///< of the tensor, in the update
  double weight;
  double factor;  ///< of its values: weight and discount
};

std::vector<Part> parts_of(const NamedTensor& tensor, const std::vector<const Update*>& updates, const Weighting& weighting) {
  std::vector<Part> parts;
  for (const Update* update : updates) {
    const auto number = UpdateWeights(*update).find(tensor.name);
    if (!number || update->cases_per_group.at(tensor.group) == 0) continue;
    const double weight = weighting(*update, tensor.group);
    if (weight != 0) parts.push_back({update, UpdateWeights(*update), *number, weight, weight * update->discount});
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

/// Memory that is used for many blocks.
struct Scratch {
  std::vector<double> mean;
  std::array<std::vector<float>, kPartsAtOnce> values;
};

/// Divides; false when a value is not finite, and with it a value of some site: float64 sums of float32 values do not overflow.
bool divide(std::span<double> sums, double total) {
  constexpr std::uint64_t kExponent = 0x7ff0000000000000;  // all ones: infinite or not a number
  std::uint64_t bad = 0;
  for (double& value : sums) {
    value /= total;
    bad |= static_cast<std::uint64_t>((std::bit_cast<std::uint64_t>(value) & kExponent) == kExponent);
  }
  return bad == 0;
}

[[noreturn]] void refuse(const Block& block, const std::string& tensor) {
  std::vector<float> scratch;
  std::string who = "an update";
  for (const Part& part : block.tensor->parts) {
    const auto values = part.weights.block(part.number, block.begin, block.end - block.begin, scratch);
    if (std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) continue;
    who = "update of site \"" + part.update->site + "\"";
    break;
  }
  throw Error(ErrorCode::kCorruptData, who + ": tensor " + tensor + " holds a value that is not finite");
}

/// Mean of one block, summed in the order of the parts.
void average_block(const Block& block, const std::string& tensor, Scratch& scratch) {
  const std::vector<Part>& parts = block.tensor->parts;
  scratch.mean.assign(block.end - block.begin, 0);
  std::array<WeightedValues, kPartsAtOnce> group;
  for (std::size_t first = 0; first < parts.size(); first += group.size()) {
    const std::size_t count = std::min(group.size(), parts.size() - first);
    for (std::size_t n = 0; n < count; ++n) {
      const Part& part = parts[first + n];
      group[n] = {part.weights.block(part.number, block.begin, scratch.mean.size(), scratch.values[n]).data(), part.factor};
    }
    add_weighted(scratch.mean, std::span(group).first(count));
  }
  if (!divide(scratch.mean, block.tensor->total)) refuse(block, tensor);
}

}  // namespace

std::vector<const Update*> sorted_by_site(std::span<const Update> updates) {
  std::vector<const Update*> sorted;
  for (const Update& update : updates) sorted.push_back(&update);
  std::sort(sorted.begin(), sorted.end(), [](const Update* a, const Update* b) { return std::tie(a->site, a->round) < std::tie(b->site, b->round); });
  for (std::size_t n = 1; n < sorted.size(); ++n)
    require(sorted[n]->site != sorted[n - 1]->site || sorted[n]->round != sorted[n - 1]->round, ErrorCode::kUsage, "site \"" + sorted[n]->site + "\" sent two updates for one round");
  return sorted;
}

Weighting by_cases() {
  return [](const Update& update, const std::string& group) { return static_cast<double>(update.cases_per_group.at(group)); };
}

Weighting by_site(SiteWeights weights) {
  return [weights = std::move(weights)](const Update& update, const std::string&) {
    const auto own = weights.find(update.site);
    return own == weights.end() ? 0.0 : own->second;
  };
}

bool is_trained(const Update& update, const NamedTensor& tensor) {
  const auto cases = update.cases_per_group.find(tensor.group);
  return cases != update.cases_per_group.end() && cases->second > 0 && UpdateWeights(update).find(tensor.name);
}

void average_deltas(const ModelState& global, std::span<const Update> updates, const std::function<void(const AveragedBlock&)>& use, const Weighting& weighting) {
  // Blocks keep the float64 sums in cache while every update is read once. What comes from disk passes through a buffer, which should stay in the first caches; what lies in memory is
  // read where it is, the longer at a time the better.
  const bool on_disk = std::any_of(updates.begin(), updates.end(), [](const Update& update) { return update.delta_file != nullptr; });
  const std::size_t length = on_disk ? 8192 : 65536, at_once = on_disk ? 8 : 1;
  for (const Update& update : updates) require_fits(update, global, update.round, update.base_digest);
  const std::vector<const Update*> sorted = sorted_by_site(updates);
  std::vector<Averaged> tensors;
  for (std::size_t number = 0; number < global.tensors.size(); ++number) {
    Averaged tensor{number, parts_of(global.tensors[number], sorted, weighting), 0};
    for (const Part& part : tensor.parts) tensor.total += part.weight;
    if (tensor.total != 0) tensors.push_back(std::move(tensor));
  }
  std::vector<Block> blocks;
  for (const Averaged& tensor : tensors)
    for (std::size_t begin = 0, count = global.tensors[tensor.number].values.size(); begin < count; begin += length) blocks.push_back({&tensor, begin, std::min(begin + length, count)});
  parallel_for(blocks.size(), at_once, [&](std::size_t first, std::size_t last) {
    Scratch scratch;
    for (std::size_t n = first; n < last; ++n) {
      const std::size_t number = blocks[n].tensor->number;
      average_block(blocks[n], global.tensors[number].name, scratch);
      use({number, blocks[n].begin, scratch.mean, blocks[n].tensor->total});
    }
  });
}

}  // namespace consilium::fl
