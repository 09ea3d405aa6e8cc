#include "pipelines/cluster_settings.h"

#include "base/error.h"
#include "models/state/clusters.h"

namespace consilium::pipelines {

void read_cluster_settings(SettingsReader& reader, ClusterSettings& s) {
  reader.field("count", s.count);
  reader.field("tensors", s.tensors);
  reader.field("shared_rounds", s.shared_rounds);
  reader.field("loss_batches", s.loss_batches);
  const auto check = [&](bool good, const char* key, const std::string& expected) { require(good, ErrorCode::kUsage, reader.path() + "." + key + ": expected " + expected); };
  check(s.count >= 1 && s.count <= kMostClusters, "count", "1 to " + std::to_string(kMostClusters));
  check(!s.tensors.empty(), "tensors", "at least one pattern; without one nothing would differ between clusters");
  check(s.shared_rounds >= 0, "shared_rounds", "0 or more");
  check(s.loss_batches >= 1 && s.loss_batches <= 10000, "loss_batches", "1 to 10000");
}

Json to_json(const ClusterSettings& s) { return {{"count", s.count}, {"tensors", s.tensors}, {"shared_rounds", s.shared_rounds}, {"loss_batches", s.loss_batches}}; }

ClusterSettings clusters_of_training(const Json& training, const std::string& path) {
  ClusterSettings settings;
  const auto found = training.is_object() ? training.find("clusters") : training.end();
  if (!training.is_object() || found == training.end()) return settings;
  SettingsReader reader(*found, path + ".clusters");
  read_cluster_settings(reader, settings);
  reader.finish();
  return settings;
}

void require_consistent(const ClusterSettings& s, const LocalTraining& local, bool has_personal, std::int64_t rounds, const std::string& path) {
  if (!is_clustered(s)) return;
  const auto refuse_if = [&](bool bad, const std::string& words) { require(!bad, ErrorCode::kUsage, path + words); };
  refuse_if(s.shared_rounds >= rounds, ".clusters.shared_rounds: " + std::to_string(s.shared_rounds) + " of " + std::to_string(rounds) + " rounds leave none for clusters");
  refuse_if(has_personal, ".personal: with clusters a tensor would belong to the site and to its cluster; use one of them, or name in clusters.tensors what the clusters are to differ in");
  refuse_if(local.control_variates != ControlVariates::kOff, ".local.control_variates: SCAFFOLD corrects towards the mean gradient of all sites on one model, and with clusters there are several");
  refuse_if(local.feddc_alpha > 0, ".local.feddc_alpha: FedDC measures a site's drift from one global model, and with clusters a site may change its model");
  refuse_if(local.ditto_lambda > 0, ".local.ditto_lambda: with clusters the site uses its cluster's model, with Ditto one of its own; use one of them");
}

void require_clusters_fit(const ClusterSettings& s, const FederationTraits& federation, const std::string& path) {
  if (!is_clustered(s)) return;
  require(federation.has_coordinator, ErrorCode::kUsage, path + ".topology: training.clusters needs topology coordinator: peers share one model");
  require(!federation.feeds_errors_back, ErrorCode::kUsage,
          path + ".compression: error feedback adds to an update what an older one left, which may have been another cluster's; with training.clusters use a codec without (none, bf16, int8, stochastic, rotation)");
  require(!federation.counts_owners, ErrorCode::kUsage, path + ".protection.groups: a site may take another cluster in every round, so that a number of owners of one round says nothing of the next; not with training.clusters");
  require(!federation.compares_sites, ErrorCode::kUsage, path + ".aggregation.rule: a rule that holds while some sites lie compares many sites on one model; with training.clusters a site that lies could be alone in one");
}

}  // namespace consilium::pipelines
