#include "fl/encrypt/update_layout.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "fl/owner_count.h"

namespace consilium::fl {
namespace {

enum Fixed : std::size_t { kCases, kWeight, kScore, kCutOff, kValues };

}  // namespace

UpdateLayout::UpdateLayout(const ProtectionSettings& protection, const ModelState& model, bool weights, std::size_t sites) : settings_(*protection.encryption), slots_(slots_of(settings_, sites)) {
  std::set<std::string> groups;
  for (const NamedTensor& tensor : model.tensors) groups.insert(tensor.group);
  groups_.assign(groups.begin(), groups.end());
  for (const std::string& group : groups_) may_be_summed_.push_back(!protection.groups || may_be_summed(*protection.groups, group, static_cast<std::int64_t>(sites)));
  if (protection.groups && weights) counted_ = conditional_groups(*protection.groups, model);
  values_ = head_values();
  most_metric_ = ((1LL << (slots_.bits - 1)) - 1) / static_cast<std::int64_t>(sites);
  if (!weights) return;
  for (const NamedTensor& tensor : model.tensors) {
    const auto group = static_cast<std::size_t>(std::lower_bound(groups_.begin(), groups_.end(), tensor.group) - groups_.begin());
    places_.push_back({{tensor.name, tensor.group, tensor.shape, {}}, values_, group});
    values_ += static_cast<std::uint64_t>(element_count(tensor.shape));
  }
}

std::int64_t UpdateLayout::fixed_point(double value) const { return std::llrint(std::ldexp(value, static_cast<int>(settings_.fraction_bits))); }

template <typename Body>
void UpdateLayout::for_each_piece(std::uint64_t first, std::uint64_t count, const Body& body) const {
  const std::uint64_t end = first + count;
  auto place = std::upper_bound(places_.begin(), places_.end(), first, [](std::uint64_t at, const Place& p) { return at < p.first; });
  if (place != places_.begin()) --place;
  for (; place != places_.end() && place->first < end; ++place) {
    const std::uint64_t begin = std::max(first, place->first), last = std::min(end, place->first + static_cast<std::uint64_t>(element_count(place->tensor.shape)));
    if (begin < last) body(*place, static_cast<std::size_t>(begin - place->first), static_cast<std::size_t>(begin - first), static_cast<std::size_t>(last - begin));
  }
}

UpdateLayout::Filler::Filler(const UpdateLayout& layout, const Update& update) : layout_(layout), update_(update), head_(layout.head_values()) {
  const EncryptionSettings& settings = layout.settings_;
  const auto within = [&](std::int64_t cases, const std::string& of) {
    require(cases >= 0 && cases <= settings.most_cases, ErrorCode::kRefused, std::to_string(cases) + " cases " + of + ": more than the plan's encryption.most_cases, " + std::to_string(settings.most_cases));
    return cases;
  };
  const Validation& validation = update.validation;
  head_[kCases] = within(validation.cases, "for validation");
  head_[kWeight] = validation.cases * layout.fixed_point(validation.weight);
  head_[kScore] = validation.cases * layout.fixed_point(validation.weight * validation.score);
  for (std::size_t n = 0; n < layout.groups_.size(); ++n) {
    const auto cases = update.cases_per_group.find(layout.groups_[n]);
    head_[kFixed + n] = cases == update.cases_per_group.end() || !layout.may_be_summed_[n] ? 0 : within(cases->second, "in group " + layout.groups_[n]);
  }
  for (std::size_t n = 0; n < settings.metrics.size(); ++n) {
    const auto metric = update.metrics.find(settings.metrics[n]);
    if (metric == update.metrics.end() || !(std::abs(std::ldexp(metric->second, static_cast<int>(settings.fraction_bits))) <= static_cast<double>(layout.most_metric_))) continue;
    head_[kFixed + layout.groups_.size() + 2 * n] = 1;
    head_[kFixed + layout.groups_.size() + 2 * n + 1] = layout.fixed_point(metric->second);
  }
  for (std::size_t n = 0; n < layout.counted_.size(); ++n) head_[layout.owners_begin() + n] = owns(update, layout.counted_[n]) ? 1 : 0;
  count_values();
}

/// How many there are, and how many will be cut off. @throws Error{kCorruptData} one that is not finite.
void UpdateLayout::Filler::count_values() {
  const UpdateWeights weights(update_);
  std::vector<float> scratch;
  for (const Place& place : layout_.places_) {
    const auto number = weights.find(place.tensor.name);
    if (!number || head_[kFixed + place.group] == 0) continue;
    constexpr std::size_t kBlock = 1 << 16;
    for (std::size_t begin = 0; begin < weights.value_count(*number); begin += kBlock) {
      std::int64_t cut = 0;
      bool finite = true;
      for (const float value : weights.block(*number, begin, std::min(kBlock, weights.value_count(*number) - begin), scratch)) {
        finite &= std::isfinite(value);
        cut += std::abs(static_cast<double>(value)) > layout_.settings_.clip ? 1 : 0;
      }
      require(finite, ErrorCode::kCorruptData, "a weight of " + place.tensor.name + " is not finite");
      head_[kCutOff] += cut;
    }
    head_[kValues] += static_cast<std::int64_t>(weights.value_count(*number));
  }
}

void UpdateLayout::Filler::fill(std::uint64_t first, std::span<std::int64_t> values) const {
  std::fill(values.begin(), values.end(), 0);
  for (std::uint64_t n = first; n < std::min<std::uint64_t>(head_.size(), first + values.size()); ++n) values[n - first] = head_[n];
  const UpdateWeights weights(update_);
  std::vector<float> scratch;
  layout_.for_each_piece(first, values.size(), [&](const Place& place, std::size_t from, std::size_t at, std::size_t count) {
    const std::int64_t cases = head_[kFixed + place.group];
    const auto number = weights.find(place.tensor.name);
    if (!number || cases == 0) return;
    const std::span<const float> block = weights.block(*number, from, count, scratch);
    for (std::size_t n = 0; n < count; ++n) values[at + n] = cases * layout_.fixed_point(std::clamp(static_cast<double>(block[n]), -layout_.settings_.clip, layout_.settings_.clip));
  });
}

UpdateLayout::Collector::Collector(const UpdateLayout& layout) : layout_(layout), head_(layout.head_values()) {
  for (const Place& place : layout.places_) {
    mean_.tensors.push_back(place.tensor);
    mean_.tensors.back().values.resize(static_cast<std::size_t>(element_count(place.tensor.shape)));
  }
}

void UpdateLayout::Collector::take(std::uint64_t first, std::span<const std::int64_t> values) {
  for (std::uint64_t n = first; n < std::min<std::uint64_t>(head_.size(), first + values.size()); ++n) head_[n] = values[n - first];
  layout_.for_each_piece(first, values.size(), [&](const Place& place, std::size_t from, std::size_t at, std::size_t count) {
    const auto cases = static_cast<double>(head_[kFixed + place.group]);
    if (cases <= 0) return;
    float* const mean = mean_.tensors[static_cast<std::size_t>(&place - layout_.places_.data())].values.data() + from;
    for (std::size_t n = 0; n < count; ++n) mean[n] = static_cast<float>(std::ldexp(static_cast<double>(values[at + n]), -static_cast<int>(layout_.settings_.fraction_bits)) / cases);
  });
}

ProtectedSum UpdateLayout::Collector::finish(const RoundPlan& plan, std::vector<std::string> contributors) {
  const auto most_cases = layout_.settings_.most_cases * static_cast<std::int64_t>(contributors.size());
  const auto scaled = [&](std::int64_t sum) { return std::ldexp(static_cast<double>(sum), -static_cast<int>(layout_.settings_.fraction_bits)); };
  const auto cases_at = [&](std::size_t place) {
    require(head_[place] >= 0 && head_[place] <= most_cases, ErrorCode::kCorruptData, "the sites' cases add up to what they cannot be: a site did not keep to the protocol");
    return head_[place];
  };
  ProtectedSum sum;
  sum.contributors = std::move(contributors);
  sum.mean.round = plan.round;
  sum.mean.base_digest = plan.base_digest;
  for (std::size_t n = 0; n < layout_.groups_.size(); ++n) {
    const std::int64_t cases = cases_at(kFixed + n);
    sum.metrics["cases." + layout_.groups_[n]] = static_cast<double>(cases);
    if (cases > 0) sum.mean.cases_per_group[layout_.groups_[n]] = cases;
  }
  for (NamedTensor& tensor : mean_.tensors)
    if (sum.mean.cases_per_group.contains(tensor.group)) sum.mean.delta.tensors.push_back(std::move(tensor));
  sum.validation.cases = cases_at(kCases);
  const double weight = scaled(head_[kWeight]);
  if (sum.validation.cases > 0 && weight > 0) {
    sum.validation.weight = std::clamp(weight / static_cast<double>(sum.validation.cases), 0.0, 1.0);
    sum.validation.score = std::clamp(scaled(head_[kScore]) / weight, 0.0, 1.0);
  } else {
    sum.validation = {};
  }
  if (head_[kValues] > 0) sum.metrics["cut_off"] = static_cast<double>(head_[kCutOff]) / static_cast<double>(head_[kValues]);
  for (std::size_t n = 0; n < layout_.settings_.metrics.size(); ++n) {
    const std::size_t at = kFixed + layout_.groups_.size() + 2 * n;
    if (head_[at] > 0) sum.metrics[layout_.settings_.metrics[n]] = scaled(head_[at + 1]) / static_cast<double>(head_[at]);
  }
  for (std::size_t n = 0; n < layout_.counted_.size(); ++n) {
    const std::int64_t owners = head_[layout_.owners_begin() + n];
    require(owners >= 0 && owners <= static_cast<std::int64_t>(sum.contributors.size()), ErrorCode::kCorruptData, "more sites say that they own " + layout_.counted_[n] + " than there are");
    sum.metrics[owners_metric(layout_.counted_[n])] = static_cast<double>(owners);
  }
  return sum;
}

}  // namespace consilium::fl
