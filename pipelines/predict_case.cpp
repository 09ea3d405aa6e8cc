#include "pipelines/predict_case.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "models/features.h"
#include "pipelines/segment.h"

namespace consilium::pipelines {
namespace {

/// What the network looked at: with missing = zero, what was not filled in.
bool is_there(const PreparedCase& prepared, std::size_t channel) {
  const std::vector<bool>& used = prepared.sample.present.empty() ? prepared.has : prepared.sample.present;
  return used.empty() || used.at(channel);
}

std::vector<std::string> channels_of(const PreparedCase& prepared, const TrainingSettings& settings, bool there) {
  std::vector<std::string> found;
  for (std::size_t c = 0; c < settings.normalise.channels.size(); ++c)
    if (is_there(prepared, c) == there) found.push_back(settings.normalise.channels[c]);
  return found;
}

/// The mean over levels of each modality's gates, for people.
std::map<std::string, double> mean_gates(const std::map<std::string, double>& gates) {
  std::map<std::string, std::pair<double, int>> sums;
  for (const auto& [name, gate] : gates) {
    auto& [sum, count] = sums[name.substr(0, name.rfind('.'))];
    sum += gate, ++count;
  }
  std::map<std::string, double> means;
  for (const auto& [name, sum] : sums) means[name] = sum.first / sum.second;
  return means;
}

Json to_json(const Alignment& a) {
  const imaging::RigidRegistration& r = a.registration;
  return {{"to", a.to}, {"information_before", r.information_before}, {"information", r.information}, {"sharpness", r.sharpness}, {"overlap", r.overlap},
          {"displacement_mm", r.displacement_mm}, {"turn_degrees", r.turn_degrees}, {"doubt", a.doubt}};
}

}  // namespace

TrainingSettings settings_to_predict(TrainingSettings settings) {
  if (!settings.model.multimodal.modalities.empty()) settings.normalise.missing = Missing::kAbsent;
  return settings;
}

CasePrediction predict_case(const models::Segmenter& segmenter, const PreparedCase& prepared, const TrainingSettings& settings) {
  const std::vector<Volume> probabilities = class_probabilities(segmenter, prepared, settings);
  CasePrediction result;
  result.classes = restore(probabilities, prepared.native);
  result.confidence = confidence_of(probabilities, scheme_of(settings.target), region_names(settings.target));
  const models::MultimodalOptions& multimodal = settings.model.multimodal;
  if (!multimodal.modalities.empty() && multimodal.fusion != models::Fusion::kHemis)
    result.gates = models::gate_weights(segmenter, image_of(prepared), prepared.sample.present, prediction_window(settings));
  return result;
}

Json to_json(const CasePrediction& p, const PreparedCase& prepared, const TrainingSettings& settings, const PredictionOrigin& origin) {
  Json channels = Json::array(), regions = Json::array();
  for (std::size_t c = 0; c < settings.normalise.channels.size(); ++c) {
    const std::string& channel = settings.normalise.channels[c];
    Json one{{"channel", channel}, {"used", is_there(prepared, c)}};
    if (const auto evidence = prepared.evidence.find(channel); evidence != prepared.evidence.end()) one["evidence"] = evidence->second;
    if (const auto moved = prepared.alignments.find(channel); moved != prepared.alignments.end()) one["registration"] = to_json(moved->second);
    channels.push_back(std::move(one));
  }
  for (const RegionConfidence& region : p.confidence) regions.push_back(to_json(region));
  return {{"schema", "consilium.prediction/1"}, {"case", prepared.name}, {"labels", origin.labels}, {"scheme", origin.scheme}, {"model", origin.model},
          {"channels", channels}, {"confidence", regions}, {"gates", p.gates}};
}

std::string to_text(const CasePrediction& p, const PreparedCase& prepared, const TrainingSettings& settings) {
  const auto used = channels_of(prepared, settings, true), lacking = channels_of(prepared, settings, false);
  std::string text = fmt::format("  made from {}{}\n", fmt::join(used, ", "), lacking.empty() ? "" : fmt::format("; without {}", fmt::join(lacking, ", ")));
  for (const RegionConfidence& r : p.confidence)
    text += r.voxels == 0 ? fmt::format("  {}: none\n", r.region) : fmt::format("  {}: sure to {:.0f} %, at its border to {:.0f} % (margin; entropy {:.2f} and {:.2f} bits)\n", r.region, 100 * r.margin, 100 * r.border_margin, r.entropy_bits, r.border_entropy_bits);
  std::vector<std::string> gates;
  for (const auto& [name, gate] : mean_gates(p.gates)) gates.push_back(fmt::format("{} {:.2f}", name, gate));
  if (!gates.empty()) text += fmt::format("  share in the fusion: {}\n", fmt::join(gates, ", "));
  for (const auto& [channel, alignment] : prepared.alignments)
    if (channel != "labels") text += fmt::format("  {} {}\n", channel, describe(alignment));
  return text;
}

}  // namespace consilium::pipelines
