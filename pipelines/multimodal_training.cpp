#include "pipelines/multimodal_training.h"

#include "base/error.h"

namespace consilium::pipelines {

void require_multimodal_fits(const TrainingSettings& s, const std::string& path) {
  const models::MultimodalOptions& multimodal = s.model.multimodal;
  if (multimodal.modalities.empty()) return;
  const auto refuse_if = [&](bool bad, const std::string& words) { require(!bad, ErrorCode::kUsage, path + "." + words); };
  refuse_if(s.local.control_variates != ControlVariates::kOff, "local.control_variates: SCAFFOLD moves every weight by the drift of all sites, also those of a stem that a site has no images for, which have to stay as they are");
  refuse_if(s.local.feddc_alpha > 0, "local.feddc_alpha: FedDC moves every weight by a drift, also those of a stem that a site has no images for, which have to stay as they are");
  refuse_if(is_clustered(s.clusters), "clusters: anchors are one for the federation, and each cluster would have features of its own");
  if (!is_private(s.privacy)) return;
  const std::string where = "model.multimodal.";
  refuse_if(multimodal.anchor_weight > 0 || multimodal.attention, where + (multimodal.attention ? "attention" : "anchor_weight") + ": anchors are means over a site's cases, which would leave it without noise (training.privacy)");
  refuse_if(multimodal.contrastive_weight > 0, where + "contrastive_weight: the loss of one case hangs on the others, and training.privacy bounds what a case does by itself");
}

}  // namespace consilium::pipelines
