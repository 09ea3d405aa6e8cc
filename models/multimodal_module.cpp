#include "models/multimodal_module.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "models/index_tensor_module.h"

namespace consilium::models {
namespace {

Presence complete(std::int64_t samples, const MultimodalOptions& options) { return Presence(static_cast<std::size_t>(samples), ModalitySet(options.modalities.size(), true)); }

/// Rows of `all`, in the order of `wanted`; the tensor itself where they are all of them.
at::Tensor select_rows(const at::Tensor& rows, const std::vector<std::int64_t>& all, const std::vector<std::int64_t>& wanted) {
  if (all == wanted) return rows;
  std::vector<std::int64_t> places;
  for (const std::int64_t sample : wanted) places.push_back(std::lower_bound(all.begin(), all.end(), sample) - all.begin());
  return rows.index_select(0, index_tensor(places, rows.device()));
}

/// Puts parts of a batch, which belong to the samples of its groups, into the order of the samples.
at::Tensor in_order(const std::vector<at::Tensor>& parts, const std::vector<PresenceGroup>& groups) {
  if (parts.size() == 1) return parts[0];
  std::size_t samples = 0;
  for (const PresenceGroup& group : groups) samples += group.samples.size();
  std::vector<std::int64_t> place_of(samples);
  std::int64_t place = 0;
  for (const PresenceGroup& group : groups)
    for (const std::int64_t sample : group.samples) place_of[static_cast<std::size_t>(sample)] = place++;
  return torch::cat(parts, 0).index_select(0, index_tensor(place_of, parts[0].device()));
}

}  // namespace

MultimodalNetImpl::MultimodalNetImpl(const UNetOptions& o) : NetworkImpl(o) {
  const MultimodalOptions& m = o.multimodal;
  const int deepest = o.filters.back();
  shared_channels = std::max(1, static_cast<int>(std::lround(m.shared_share * deepest)));
  const auto group = [&](const std::string& name) { return register_module(name, std::make_shared<torch::nn::Module>()); };
  const auto stem_group = group("stems");
  for (const ModalityOptions& modality : m.modalities) stems.push_back(stem_group->register_module(modality.name, ModalityEncoder(modality.channels, o.filters)));
  const auto projector_group = group("projectors");
  for (const ModalityOptions& modality : m.modalities) projectors.push_back(projector_group->register_module(modality.name, Projector(static_cast<int>(shared_channels))));
  const auto fusion_group = group("fusion");
  for (std::size_t level = 0; level < o.filters.size(); ++level) {
    fusion.push_back(make_fusion(m.fusion, o.filters[level], o.filters[level], std::max(2, o.out_channels)));
    fusion_group->register_module(std::to_string(level), fusion.back());
  }
  if (m.attention) attention = register_module("attention", AnchorAttention(deepest));
  register_decoder(NormKernel::kFused);
  single_head = register_module("single_head", SingleHead(o.filters, o.out_channels));
  const auto anchor_group = group("anchors");
  for (int c = 0; c < o.out_channels; ++c) anchors.push_back(anchor_group->register_parameter(std::to_string(c), torch::zeros({deepest}), /*requires_grad=*/false));
}

std::vector<at::Tensor> MultimodalNetImpl::forward(const at::Tensor& x, const Presence& presence) {
  const Presence& used = presence.empty() ? complete(x.size(0), options.multimodal) : presence;
  return decode(fuse(encode(x, used), used));
}

std::vector<ModalityFeatures> MultimodalNetImpl::encode(const at::Tensor& x, const Presence& presence) {
  require(static_cast<std::int64_t>(presence.size()) == x.size(0), ErrorCode::kMismatch, "the batch has " + std::to_string(x.size(0)) + " samples, modalities are given for " + std::to_string(presence.size()));
  std::vector<ModalityFeatures> features;
  std::int64_t first = 0;
  for (std::size_t m = 0; m < stems.size(); ++m) {
    const std::int64_t channels = options.multimodal.modalities[m].channels;
    ModalityFeatures own{samples_with(presence, m), {}};
    if (!own.samples.empty()) {
      const at::Tensor input = x.narrow(1, first, channels);
      const bool all = static_cast<std::int64_t>(own.samples.size()) == x.size(0);
      own.levels = stems[m]((all ? input : input.index_select(0, index_tensor(own.samples, x.device()))).contiguous());
    }
    features.push_back(std::move(own));
    first += channels;
  }
  return features;
}

at::Tensor MultimodalNetImpl::shared(const ModalityFeatures& features) const { return features.levels.back().narrow(1, 0, shared_channels); }

at::Tensor MultimodalNetImpl::own(const ModalityFeatures& features) const {
  const at::Tensor& deepest = features.levels.back();
  return deepest.narrow(1, shared_channels, deepest.size(1) - shared_channels);
}

std::vector<at::Tensor> MultimodalNetImpl::rows(const std::vector<ModalityFeatures>& features, const PresenceGroup& group, std::size_t level) {
  std::vector<at::Tensor> result;
  std::vector<at::Tensor> looked_at;
  if (attention && level + 1 == fusion.size())
    for (const auto& [c, anchor] : known_anchors()) looked_at.push_back(anchor);
  for (std::size_t m = 0; m < features.size(); ++m) {
    if (!group.modalities[m]) continue;
    const at::Tensor feature = select_rows(features[m].levels[level], features[m].samples, group.samples);
    result.push_back(looked_at.empty() ? feature : attention(feature, torch::stack(looked_at)));
  }
  return result;
}

std::vector<at::Tensor> MultimodalNetImpl::per_level(const std::vector<ModalityFeatures>& features, const Presence& used, const std::function<at::Tensor(FusionImpl&, const std::vector<at::Tensor>&)>& part) {
  const std::vector<PresenceGroup> groups = groups_of(used);
  std::vector<at::Tensor> result;
  for (std::size_t level = 0; level < fusion.size(); ++level) {
    std::vector<at::Tensor> parts;
    for (const PresenceGroup& group : groups) parts.push_back(part(*fusion[level], rows(features, group, level)));
    result.push_back(in_order(parts, groups));
  }
  return result;
}

std::vector<at::Tensor> MultimodalNetImpl::fuse(const std::vector<ModalityFeatures>& features, const Presence& used) {
  return per_level(features, used, [](FusionImpl& level, const std::vector<at::Tensor>& rows) { return level.forward(rows); });
}

std::vector<at::Tensor> MultimodalNetImpl::regions(const std::vector<ModalityFeatures>& features, const Presence& used) {
  if (options.multimodal.fusion != Fusion::kRegion) return {};
  return per_level(features, used, [](FusionImpl& level, const std::vector<at::Tensor>& rows) { return level.regions(rows); });
}

std::vector<at::Tensor> MultimodalNetImpl::gates(const std::vector<ModalityFeatures>& features, const ModalitySet& used) {
  PresenceGroup group{used, {}};
  for (std::size_t m = 0; m < features.size(); ++m)
    if (used[m]) group.samples = features[m].samples;
  std::vector<at::Tensor> result;
  for (std::size_t level = 0; level < fusion.size(); ++level) result.push_back(fusion[level]->gates(rows(features, group, level)));
  return result;
}

at::Tensor MultimodalNetImpl::alone(const ModalityFeatures& features) { return fusion.back()->forward({features.levels.back()}); }

at::Tensor MultimodalNetImpl::project(std::size_t modality, const ModalityFeatures& features) {
  const at::Tensor deepest = widened(shared(features)).flatten(2).transpose(1, 2);  // [n, places, channels]
  return projectors[modality](deepest.reshape({-1, shared_channels})).view({deepest.size(0), deepest.size(1), kProjected});
}

std::map<std::int64_t, at::Tensor> MultimodalNetImpl::known_anchors() const {
  std::map<std::int64_t, at::Tensor> known;
  for (std::size_t c = 0; c < anchors.size(); ++c)
    if (anchors[c].any().item<bool>()) known[static_cast<std::int64_t>(c)] = anchors[c];
  return known;
}

}  // namespace consilium::models
