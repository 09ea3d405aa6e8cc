#include "models/multimodal_options.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"

namespace consilium::models {
namespace {

bool is_plain_name(const std::string& name) {
  return !name.empty() && name.size() <= 32 && std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; });
}

std::string word_of(Fusion fusion) {
  for (const auto& [word, value] : fusion_words())
    if (value == fusion) return word;
  return "";
}

void require_weight(double weight, const std::string& name) { require(std::isfinite(weight) && weight >= 0, ErrorCode::kUsage, "multimodal." + name + ": expected a number of at least 0"); }

void validate_modalities(const std::vector<ModalityOptions>& modalities, int in_channels) {
  std::set<std::string> names;
  std::int64_t channels = 0;
  for (const ModalityOptions& modality : modalities) {
    require(is_plain_name(modality.name), ErrorCode::kUsage, "multimodal.modalities: a name has 1 to 32 letters, digits, - or _");
    require(names.insert(modality.name).second, ErrorCode::kUsage, "multimodal.modalities: " + modality.name + " is named twice");
    require(modality.channels >= 1 && modality.channels <= 64, ErrorCode::kUsage, "multimodal.modalities: " + modality.name + " has 1 to 64 channels");
    channels += modality.channels;
  }
  require(channels == in_channels, ErrorCode::kUsage,
          "multimodal.modalities have " + std::to_string(channels) + " channels together, the network has " + std::to_string(in_channels) + " inputs");
}

}  // namespace

const std::vector<std::pair<std::string, Fusion>>& fusion_words() {
  static const std::vector<std::pair<std::string, Fusion>> kWords{{"gated", Fusion::kGated}, {"hemis", Fusion::kHemis}, {"region", Fusion::kRegion}, {"experts", Fusion::kExperts}};
  return kWords;
}

void validate(const MultimodalOptions& o, int in_channels) {
  if (!o.modalities.empty()) validate_modalities(o.modalities, in_channels);
  require(o.modality_dropout >= 0 && o.modality_dropout < 1, ErrorCode::kUsage, "multimodal.modality_dropout: expected 0 to below 1");
  require_weight(o.auxiliary_weight, "auxiliary_weight");
  require_weight(o.contrastive_weight, "contrastive_weight");
  require_weight(o.anchor_weight, "anchor_weight");
  require_weight(o.decorrelation_weight, "decorrelation_weight");
  require(std::isfinite(o.temperature) && o.temperature > 0, ErrorCode::kUsage, "multimodal.temperature: expected a number above 0");
  require(o.shared_share > 0 && o.shared_share <= 1, ErrorCode::kUsage, "multimodal.shared_share: expected above 0 and at most 1");
}

void read_multimodal_options(SettingsReader& reader, MultimodalOptions& o) {
  if (reader.has("modalities")) o.modalities.clear();
  reader.list("modalities", [&](SettingsReader& modality) {
    ModalityOptions& added = o.modalities.emplace_back();
    modality.required("name", added.name);
    modality.field("channels", added.channels);
  });
  reader.choice("fusion", o.fusion, fusion_words());
  reader.field("attention", o.attention);
  reader.field("modality_dropout", o.modality_dropout);
  reader.field("auxiliary_weight", o.auxiliary_weight);
  reader.field("contrastive_weight", o.contrastive_weight);
  reader.field("temperature", o.temperature);
  reader.field("anchor_weight", o.anchor_weight);
  reader.field("shared_share", o.shared_share);
  reader.field("decorrelation_weight", o.decorrelation_weight);
  reader.finish();
}

Json to_json(const MultimodalOptions& o) {
  Json modalities = Json::array();
  for (const ModalityOptions& modality : o.modalities) modalities.push_back({{"name", modality.name}, {"channels", modality.channels}});
  return {{"modalities", modalities},
          {"fusion", word_of(o.fusion)},
          {"attention", o.attention},
          {"modality_dropout", o.modality_dropout},
          {"auxiliary_weight", o.auxiliary_weight},
          {"contrastive_weight", o.contrastive_weight},
          {"temperature", o.temperature},
          {"anchor_weight", o.anchor_weight},
          {"shared_share", o.shared_share},
          {"decorrelation_weight", o.decorrelation_weight}};
}

}  // namespace consilium::models
