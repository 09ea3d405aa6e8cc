#include "models/teaching.h"

#include <algorithm>

#include "models/presence.h"

namespace consilium::models {
namespace {

std::size_t number_of(const std::string& tensor, const MultimodalOptions& options) {
  const std::size_t start = tensor.find('.') + 1;
  const std::string name = tensor.substr(start, tensor.find('.', start) - start);
  for (std::size_t m = 0; m < options.modalities.size(); ++m)
    if (options.modalities[m].name == name) return m;
  return options.modalities.size();
}

bool any(const std::vector<std::int64_t>& counts) {
  return std::any_of(counts.begin(), counts.end(), [](std::int64_t count) { return count > 0; });
}

}  // namespace

Teaching teaching_of(std::span<const TrainingCase> cases, const UNetOptions& network) {
  const std::size_t count = network.multimodal.modalities.size();
  Teaching teaching{std::vector<std::int64_t>(count, 0), std::vector<std::int64_t>(count, 0)};
  for (const TrainingCase& sample : cases) {
    const Presence presence = presence_of(sample, network);
    if (presence.empty()) continue;
    const ModalitySet& set = presence[0];
    const bool several = std::count(set.begin(), set.end(), true) > 1;
    for (std::size_t m = 0; m < count; ++m) {
      if (!set[m]) continue;
      ++teaching.cases_with[m];
      if (several) ++teaching.cases_beside[m];
    }
  }
  return teaching;
}

bool is_taught(const std::string& tensor, const Teaching& teaching, const UNetOptions& network, bool has_anchors) {
  const MultimodalOptions& options = network.multimodal;
  if (options.modalities.empty()) return true;
  if (tensor.starts_with("stems.")) return teaching.cases_with[number_of(tensor, options)] > 0;
  if (tensor.starts_with("projectors.")) return options.contrastive_weight > 0 && teaching.cases_beside[number_of(tensor, options)] > 0;
  if (tensor.starts_with("single_head.")) return options.auxiliary_weight > 0;
  if (tensor.starts_with("attention.")) return has_anchors;
  if (tensor.starts_with("fusion.") && tensor.find(".region.") != std::string::npos) return options.auxiliary_weight > 0 || any(teaching.cases_beside);
  if (tensor.starts_with("fusion.") && tensor.find(".mix.") == std::string::npos && tensor.find(".log_variance.") == std::string::npos) return any(teaching.cases_beside);
  return true;
}

std::int64_t cases_with_class(std::span<const TrainingCase> cases, std::int64_t output, OutputKind kind) {
  std::int64_t count = 0;
  for (const TrainingCase& sample : cases)
    if (tells_apart(sample.sets, output, kind) && std::any_of(sample.labels.begin(), sample.labels.end(), [&](std::uint8_t label) { return is_of_output(label, output, kind); })) ++count;
  return count;
}

std::map<std::string, std::int64_t> cases_per_group(std::span<const TrainingCase> cases, const UNetOptions& network, OutputKind kind) {
  const MultimodalOptions& options = network.multimodal;
  const Teaching teaching = teaching_of(cases, network);
  const auto all = static_cast<std::int64_t>(cases.size());
  std::map<std::string, std::int64_t> counts{{"fusion", all}, {"trunk", all}, {"head", all}, {"head.single", options.auxiliary_weight > 0 ? all : 0}};
  for (std::size_t m = 0; m < options.modalities.size(); ++m) {
    counts["stem." + options.modalities[m].name] = teaching.cases_with[m];
    counts["projector." + options.modalities[m].name] = options.contrastive_weight > 0 ? teaching.cases_beside[m] : 0;
  }
  for (int c = 0; c < network.out_channels; ++c) counts["anchors." + std::to_string(c)] = cases_with_class(cases, c, kind);
  return counts;
}

}  // namespace consilium::models
