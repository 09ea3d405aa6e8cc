#include "fl/update.h"

#include <algorithm>
#include <atomic>
#include <bit>

#include "base/error.h"
#include "base/parallel.h"

namespace consilium::fl {
namespace {

std::string who_sent(const Update& update) { return "update of site \"" + update.site + "\": "; }

/// Without an early end: so the compiler takes many at a time.
bool all_finite(std::span<const float> values) {
  constexpr std::uint32_t kExponent = 0x7f800000;  // all ones: infinite or not a number
  std::uint32_t bad = 0;
  for (const float value : values) bad |= static_cast<std::uint32_t>((std::bit_cast<std::uint32_t>(value) & kExponent) == kExponent);
  return bad == 0;
}

}  // namespace

std::optional<std::size_t> UpdateWeights::find(const std::string& name) const {
  std::size_t low = 0, high = size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (tensor(middle).name < name) low = middle + 1;
    else high = middle;
  }
  return low < size() && tensor(low).name == name ? std::optional(low) : std::nullopt;
}

std::span<const float> UpdateWeights::block(std::size_t number, std::size_t begin, std::size_t count, std::vector<float>& scratch) const {
  if (!file()) return std::span(state().tensors[number].values).subspan(begin, count);
  scratch.resize(count);
  file()->read(number, begin, scratch);
  return scratch;
}

void note_bytes(Update& update, std::uint64_t upload_bytes, std::uint64_t raw_bytes) {
  update.metrics["upload_bytes"] = static_cast<double>(upload_bytes);
  update.metrics["raw_bytes"] = static_cast<double>(raw_bytes);
}

void require_fits(const Update& update, const ModelState& global, std::int64_t round, const std::string& base_digest) {
  const std::string who = who_sent(update);
  require(update.round == round, ErrorCode::kMismatch, who + "is of round " + std::to_string(update.round) + ", the open round is " + std::to_string(round));
  require(update.base_digest == base_digest, ErrorCode::kMismatch, who + "started from another global model than this round's");
  for (const auto& [group, cases] : update.cases_per_group)
    require(cases >= 0 && cases <= kMostCases, ErrorCode::kCorruptData, who + "group " + group + " was trained on " + std::to_string(cases) + " cases");
  // The best model is chosen by these: a score beyond 1 would outvote every honest site.
  require(update.validation.score >= 0 && update.validation.score <= 1 && update.validation.cases >= 0 && update.validation.cases <= kMostCases, ErrorCode::kCorruptData, who + "its validation is not within [0, 1], or of an impossible number of cases");
  require(update.validation.weight > 0 && update.validation.weight <= 1, ErrorCode::kCorruptData, who + "the weight of its validation is not above 0 and at most 1");
  require(update.step_norm >= 0 && update.step_norm <= kMostStepNorm, ErrorCode::kCorruptData, who + "its step norm is " + std::to_string(update.step_norm) + ", expected 0 to 1e9");
  const UpdateWeights weights(update);
  for (std::size_t n = 0; n < weights.size(); ++n) {
    const NamedTensor& tensor = weights.tensor(n);
    const std::string what = who + "tensor " + tensor.name;
    require(n == 0 || weights.tensor(n - 1).name < tensor.name, ErrorCode::kMismatch, what + " is not in the order of names, or occurs twice");
    const NamedTensor* place = find_tensor(global, tensor.name);
    require(place != nullptr, ErrorCode::kMismatch, what + " is not in the global model");
    require(place->shape == tensor.shape && place->group == tensor.group && element_count(tensor.shape) == static_cast<std::int64_t>(weights.value_count(n)), ErrorCode::kMismatch, what + " has another shape or group than the global model's");
    require(update.cases_per_group.contains(tensor.group), ErrorCode::kMismatch, what + " belongs to group " + tensor.group + ", whose number of cases is missing");
  }
}

void require_valid(const Update& update, const ModelState& global, std::int64_t round, const std::string& base_digest) {
  constexpr std::size_t kBlock = 16384, kBlocksAtOnce = 8;
  require_fits(update, global, round, base_digest);
  const UpdateWeights weights(update);
  struct Block {
    std::size_t tensor, begin, count;
  };
  std::vector<Block> blocks;
  for (std::size_t n = 0; n < weights.size(); ++n)
    for (std::size_t begin = 0; begin < weights.value_count(n); begin += kBlock) blocks.push_back({n, begin, std::min(kBlock, weights.value_count(n) - begin)});
  std::atomic<std::size_t> first_bad = weights.size();
  parallel_for(blocks.size(), kBlocksAtOnce, [&](std::size_t first, std::size_t last) {
    std::vector<float> scratch;
    for (std::size_t n = first; n < last; ++n) {
      const Block& block = blocks[n];
      if (all_finite(weights.block(block.tensor, block.begin, block.count, scratch))) continue;
      std::size_t known = first_bad;
      while (block.tensor < known && !first_bad.compare_exchange_weak(known, block.tensor)) continue;
    }
  });
  if (first_bad < weights.size()) throw Error(ErrorCode::kCorruptData, who_sent(update) + "tensor " + weights.tensor(first_bad).name + " holds a value that is not finite");
}

}  // namespace consilium::fl
