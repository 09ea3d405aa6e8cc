#pragma once

#include <cstdint>

#include "base/settings.h"
#include "fl/peers/peer_settings.h"
#include "fl/protection_settings.h"
#include "models/optimiser.h"

namespace consilium::pipelines {

/// How a site knows the mean gradient c_k of its local steps, for SCAFFOLD.
enum class ControlVariates {
  kOff,
  kMeanGradient,  ///< records it: right for every optimiser
  kOption2,       ///< from the way that was gone, c_k - c + (w - y) / (sum of the learning rates): right for plain SGD only
};

/// What a federation's site does beside plain local steps; docs/algorithms.md has the equations. Single and pooled training ignore it.
struct LocalTraining {
  double epochs = 0;         ///< passes over the site's cases per round: steps in proportion to cases; 0: equal steps at every site (decision 0003)
  ControlVariates control_variates = ControlVariates::kOff;  ///< SCAFFOLD, with aggregation rule "scaffold"
  double feddc_alpha = 0;    ///< FedDC's pull towards the drift-corrected global model; 0: off. 0.01 to 0.1 in the paper
  double ditto_lambda = 0;   ///< Ditto: a model of the site's own, held near the global one; 0: none. 0.1 is the paper's default
  double head_share = 0;     ///< FedRep: this share of a round's steps trains the personal tensors alone, the rest the shared ones alone; 0: all together
  std::int64_t loss_batches = 0;  ///< batches on which a site measures the loss of the global model, for rule "qfedavg"; 0: it does not

  bool operator==(const LocalTraining&) const = default;
};

/// JSON keys are the field names. @throws Error{kUsage}
void read_local_training(SettingsReader& reader, LocalTraining& settings);
Json to_json(const LocalTraining& settings);

/// Do these go together, and with the rest of the training? @throws Error{kUsage} naming what does not, and what to use instead.
void require_consistent(const LocalTraining& settings, const models::OptimiserOptions& optimiser, bool has_personal, double proximal_mu, const std::string& path);

/// Does a federation's rule fit what its sites do? `training`: a TrainingSettings as JSON, so that a coordinator without LibTorch can ask.
/// @throws Error{kUsage} a rule without what it needs from the sites, or sites that need another rule.
void require_rule_fits(const Json& aggregation, const Json& training, const std::string& path);

/// Does noise for hospitals, which falls on every tensor of the model, fit a training that leaves some as they are? @throws Error{kUsage}
void require_noise_fits(const fl::ProtectionSettings& protection, const Json& training, const std::string& path);

/// Has the network of a training, as JSON, stems for several modalities?
bool has_modalities(const Json& training);
/// @throws Error{kUsage} a topology in which a site that lacks a modality would have a say in its stem.
void require_topology_fits(fl::Topology topology, const Json& training, const std::string& path);

}  // namespace consilium::pipelines
