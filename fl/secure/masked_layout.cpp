#include "fl/secure/masked_layout.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "fl/secure/fixed_point.h"

namespace consilium::fl {
namespace {

// 12 + 16 + sign, times 20 bits of cases and 14 of sites: 63. Scores times cases and their weight need less.
constexpr FixedPoint kMetric{4096, 1 << 16}, kScore{1, 1 << 24};

std::uint64_t weighted(const FixedPoint& code, double value, std::uint64_t weight) { return static_cast<std::uint64_t>(code.encode(value)) * weight; }

}  // namespace

MaskedLayout masked_layout(const RoundPlan& plan, const ModelState& global) {
  MaskedLayout layout;
  layout.metrics = plan.protection.secure_aggregation->metrics;
  if (plan.is_last_look()) return layout;
  if (plan.protection.groups) layout.counted = conditional_groups(*plan.protection.groups, global);
  for (const NamedTensor& tensor : global.tensors) {
    const auto count = static_cast<std::uint64_t>(element_count(tensor.shape));
    layout.parts.push_back({tensor.name, tensor.group, tensor.shape, layout.totals_begin, count});
    layout.totals_begin += count;
  }
  return layout;
}

std::size_t masked_value_bytes(const SecureAggregationSettings& settings, std::size_t sites) { return static_cast<std::size_t>((sum_bits(settings, sites).total() + 7) / 8); }

std::vector<std::uint64_t> encode_totals(const MaskedTotals& totals) {
  std::vector<std::uint64_t> numbers = totals.cases;
  const auto cases = static_cast<std::uint64_t>(totals.validation.cases);
  numbers.push_back(cases);
  numbers.push_back(weighted(kScore, totals.validation.weight, cases));
  numbers.push_back(weighted(kScore, totals.validation.score * totals.validation.weight, cases));
  for (const auto& [mean, weight] : totals.metrics) {
    numbers.push_back(weighted(kMetric, mean, weight));
    numbers.push_back(weight);
  }
  numbers.insert(numbers.end(), totals.owners.begin(), totals.owners.end());
  numbers.push_back(totals.cut_off);
  numbers.push_back(totals.values);
  return numbers;
}

MaskedTotals parse_totals(const std::vector<std::uint64_t>& numbers, const MaskedLayout& layout, std::size_t sites, std::int64_t most_cases) {
  const auto check = [](bool good) { require(good, ErrorCode::kCorruptData, "the totals of the round are not what honest sites can have sent"); };
  check(numbers.size() == layout.totals());
  const std::uint64_t most = static_cast<std::uint64_t>(most_cases) * sites, most_validated = static_cast<std::uint64_t>(kMostCases) * sites;
  MaskedTotals totals;
  auto at = numbers.begin();
  for (std::size_t n = 0; n < layout.parts.size(); ++n) totals.cases.push_back(*at++);
  check(std::all_of(totals.cases.begin(), totals.cases.end(), [&](std::uint64_t cases) { return cases <= most; }));
  const std::uint64_t validated = *at++;
  const double weight = kScore.decode(*at++), score = kScore.decode(*at++);
  check(validated <= most_validated && weight >= 0 && weight <= static_cast<double>(validated) && score >= 0 && score <= weight);
  totals.validation = {weight > 0 ? score / weight : 0, weight > 0 ? static_cast<std::int64_t>(validated) : 0, 1};
  for (std::size_t n = 0; n < layout.metrics.size(); ++n) {
    const double sum = kMetric.decode(*at++);
    const std::uint64_t cases = *at++;
    check(cases <= most_validated && std::abs(sum) <= kMetric.clip * static_cast<double>(cases));
    totals.metrics.emplace_back(cases > 0 ? sum / static_cast<double>(cases) : 0, cases);
  }
  for (std::size_t n = 0; n < layout.counted.size(); ++n) totals.owners.push_back(*at++);
  check(std::all_of(totals.owners.begin(), totals.owners.end(), [&](std::uint64_t owners) { return owners <= sites; }));
  totals.cut_off = *at++;
  totals.values = *at++;
  check(totals.cut_off <= totals.values && totals.values <= layout.totals_begin * sites);
  return totals;
}

}  // namespace consilium::fl
