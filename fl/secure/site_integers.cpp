#include "fl/secure/site_integers.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "base/error.h"
#include "base/parallel.h"
#include "fl/owner_count.h"
#include "fl/secure/mask.h"
#include "fl/wire/chunks.h"

namespace consilium::fl {
namespace {

constexpr std::size_t kStripes = 64;  // sums of squares per stripe, added in order: the same bits whatever the threads

}  // namespace

template <typename Use>
void SiteIntegers::for_each_block(Use use) const {
  struct Block {
    std::size_t part;
    std::uint64_t begin, count;
  };
  std::vector<Block> blocks;
  for (std::size_t part = 0; part < layout_.parts.size(); ++part)
    if (sources_[part].cases > 0)
      for (std::uint64_t begin = 0; begin < layout_.parts[part].count; begin += kMaskBlock) blocks.push_back({part, begin, std::min<std::uint64_t>(kMaskBlock, layout_.parts[part].count - begin)});
  parallel_for(kStripes, 1, [&](std::size_t first, std::size_t last) {
    std::vector<float> scratch;
    for (std::size_t stripe = first; stripe < last; ++stripe)
      for (std::size_t n = stripe; n < blocks.size(); n += kStripes) use(stripe, blocks[n].part, weights_.block(sources_[blocks[n].part].tensor, blocks[n].begin, blocks[n].count, scratch));
  });
}

SiteIntegers::SiteIntegers(const MaskedLayout& layout, const ProtectionSettings& protection, const Update& update, std::int64_t members, NoiseShare noise)
    : layout_(layout), code_(fixed_point_of(*protection.secure_aggregation)), weights_(update), noise_(std::move(noise)), sources_(layout.parts.size()) {
  const SecureAggregationSettings& settings = *protection.secure_aggregation;
  std::int64_t most = 0;
  for (const auto& [group, cases] : update.cases_per_group) {
    require(cases >= 0 && cases <= settings.most_cases, ErrorCode::kRefused, "this site trained on " + std::to_string(cases) + " cases, and the plan allows one site " + std::to_string(settings.most_cases) + " (secure_aggregation.most_cases)");
    most = std::max(most, cases);
  }
  for (std::size_t part = 0; part < layout.parts.size(); ++part) {
    const auto tensor = weights_.find(layout.parts[part].name);
    const auto cases = update.cases_per_group.find(layout.parts[part].group);
    const bool may_go = !protection.groups || may_be_summed(*protection.groups, layout.parts[part].group, members);
    if (may_go && tensor && cases != update.cases_per_group.end()) sources_[part] = {*tensor, cases->second};
    if (sources_[part].cases > 0) totals_.values += layout.parts[part].count;
    totals_.cases.push_back(static_cast<std::uint64_t>(sources_[part].cases));
  }
  std::vector<double> squares(kStripes);
  std::atomic<bool> is_finite = true;
  std::atomic<std::uint64_t> cut_off = 0;
  const auto count_cut = [&](std::span<const float> values) {
    std::uint64_t cut = 0;
    for (const float value : values) cut += static_cast<std::uint64_t>(std::abs(static_cast<double>(value)) > code_.clip);
    cut_off += cut;
  };
  for_each_block([&](std::size_t stripe, std::size_t, std::span<const float> values) {
    double sum = 0;
    for (const float value : values) sum += static_cast<double>(value) * static_cast<double>(value);
    if (!std::isfinite(sum)) is_finite = false;
    squares[stripe] += sum;
    count_cut(values);
  });
  require(is_finite, ErrorCode::kRefused, "this site's update holds a value that is not finite: it takes no part in the round");
  double length = 0;
  for (const double part : squares) length += part;
  length = std::sqrt(length);
  if (settings.norm_bound > 0 && length > settings.norm_bound) {
    factor_ = static_cast<float>(settings.norm_bound / length);
    cut_off = 0;  // of the shortened values then
    for_each_block([&](std::size_t, std::size_t, std::span<const float> values) {
      std::vector<float> scratch;
      count_cut(shortened(values, scratch));
    });
  }
  totals_.cut_off = cut_off;
  totals_.validation = update.validation;
  for (const std::string& name : layout.metrics) {
    const auto said = update.metrics.find(name);
    const bool told = said != update.metrics.end() && std::isfinite(said->second) && most > 0;
    totals_.metrics.emplace_back(told ? said->second : 0, told ? static_cast<std::uint64_t>(most) : 0);
  }
  for (const std::string& group : layout.counted) totals_.owners.push_back(owns(update, group) ? 1 : 0);
  total_numbers_ = encode_totals(totals_);
}

std::span<const float> SiteIntegers::shortened(std::span<const float> values, std::vector<float>& scratch) const {
  if (factor_ == 1) return values;
  scratch.assign(values.begin(), values.end());
  for (float& value : scratch) value *= factor_;
  return scratch;
}

void SiteIntegers::fill_part(std::size_t part, std::uint64_t begin, std::span<std::uint64_t> out) const {
  std::vector<float> scratch, shorter;
  if (sources_[part].cases == 0) std::fill(out.begin(), out.end(), 0);
  else code_.encode(shortened(weights_.block(sources_[part].tensor, begin, out.size(), scratch), shorter), sources_[part].cases, out);
}

std::string SiteIntegers::digest() const {
  std::vector<std::uint64_t> block;
  std::string chain;  // of the hash so far and the next block's
  for (std::size_t part = 0; part < layout_.parts.size(); ++part)
    for (std::uint64_t begin = 0; begin < layout_.parts[part].count; begin += kMaskBlock) {
      block.resize(std::min<std::uint64_t>(kMaskBlock, layout_.parts[part].count - begin));
      fill_part(part, begin, block);
      chain = sha256(chain + sha256({reinterpret_cast<const char*>(block.data()), 8 * block.size()}));
    }
  return chain;
}

void SiteIntegers::fill(std::uint64_t position, std::span<std::uint64_t> out) const {
  const std::uint64_t end = position + out.size(), values_end = std::min(end, layout_.totals_begin);
  // The first part that reaches beyond `position`.
  auto part = std::partition_point(layout_.parts.begin(), layout_.parts.end(), [&](const MaskedLayout::Part& p) { return p.begin + p.count <= position; });
  for (; part != layout_.parts.end() && part->begin < values_end; ++part) {
    const std::uint64_t first = std::max(part->begin, position), last = std::min(part->begin + part->count, values_end);
    fill_part(static_cast<std::size_t>(part - layout_.parts.begin()), first - part->begin, out.subspan(first - position, last - first));
  }
  if (noise_ && position < values_end) noise_(position, out.first(values_end - position));
  for (std::uint64_t at = std::max(position, layout_.totals_begin); at < end; ++at) out[at - position] = total_numbers_[at - layout_.totals_begin];
}

}  // namespace consilium::fl
