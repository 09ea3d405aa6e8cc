#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/settings.h"
#include "pipelines/local_training.h"

namespace consilium::pipelines {

/// Clustered federated averaging, IFCA: several models side by side, each site training and using the one that fits its cases best; docs/algorithms.md has the equations.
/// Single and pooled training ignore it.
struct ClusterSettings {
  std::int64_t count = 1;                 ///< models, 1 to kMostClusters; 1: plain FedAvg
  std::vector<std::string> tensors{"*"};  ///< patterns ('*' and '?') of the tensors that each cluster has of its own; the rest is shared by all
  std::int64_t shared_rounds = 0;         ///< rounds in which all sites train one model, before they are drawn into clusters for one round; 0: initial weights differ, and sites choose from the start
  std::int64_t loss_batches = 8;          ///< on which a site compares the models, the same in every round: K times as many forward passes per round

  bool operator==(const ClusterSettings&) const = default;
};

inline bool is_clustered(const ClusterSettings& settings) { return settings.count > 1; }

/// JSON keys are the field names. @throws Error{kUsage}
void read_cluster_settings(SettingsReader& reader, ClusterSettings& settings);
Json to_json(const ClusterSettings& settings);
/// Of a TrainingSettings as JSON, so that a coordinator without LibTorch can ask. @throws Error{kUsage}
ClusterSettings clusters_of_training(const Json& training, const std::string& path);

/// Do clusters go together with what else the sites do? @throws Error{kUsage} naming what does not, and why.
void require_consistent(const ClusterSettings& settings, const LocalTraining& local, bool has_personal, std::int64_t rounds, const std::string& path);

/// What of a federation clusters may not go together with.
struct FederationTraits {
  bool has_coordinator = true;
  bool feeds_errors_back = false;  ///< its codec keeps at a site what it did not send
  bool compares_sites = false;     ///< its rule tells sites that lie from the others
  bool counts_owners = false;      ///< of groups (protection.groups)
};
/// @throws Error{kUsage} as above.
void require_clusters_fit(const ClusterSettings& settings, const FederationTraits& federation, const std::string& path);

}  // namespace consilium::pipelines
