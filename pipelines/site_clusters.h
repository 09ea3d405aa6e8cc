#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "models/state/model_state.h"
#include "pipelines/cluster_settings.h"

namespace consilium::pipelines {

/// The sites' half of clustered federated averaging; the coordinator's is FedAvg, which averages each group over the sites that trained it:
///
///     j_k = argmin_j F_k(w_j)      the lowest number among equals; a loss that is not finite never wins
///     w_j <- w_j + mean of Delta_k over the sites with j_k = j, weighted by their cases; no such site: w_j stays
///
/// F_k is the mean loss of a model on the same batches of the site's training cases in every round. Tensors that the clusters share are averaged over all sites. In the
/// first `shared_rounds` the models are one, which every site trains, and sends for each cluster; then sites are drawn into clusters, by seed and name, for one round, so that
/// the models differ; then they choose.
/// Source: Ghosh, Chung, Yin, Ramchandran 2020, algorithm 1 with model averaging, section 5 for shared tensors (arXiv:2006.04088).
class SiteClusters {
 public:
  /// Of a model under its plain names.
  using Loss = std::function<double(const ModelState& model)>;

  /// `folder`: of the site's trainer; the choice of each round is kept there, cluster_after_<trainings>.json.
  SiteClusters(ClusterSettings settings, std::uint64_t seed, std::string site, std::filesystem::path folder)
      : settings_(std::move(settings)), seed_(seed), site_(std::move(site)), folder_(std::move(folder)) {}

  /// The site's cluster in a model that came out of `trainings` rounds. A choice that was made on the same model (`model_digest`, if it is known) is not made again.
  /// @throws Error{kMismatch} the model holds another number of clusters; Error{kUnexpected} no loss is finite; as `loss`.
  std::int64_t choose(const ModelState& joined, std::int64_t trainings, const std::string& model_digest, const Loss& loss) const;

  /// The last choice that was made on a model of at most so many rounds; nothing before the first.
  std::optional<std::int64_t> chosen(std::int64_t trainings) const;

  /// Is the model that is trained in this round the one that the site trained in the round before, so that what its optimiser remembers fits?
  bool goes_on(std::int64_t round) const;

  /// What the site sends for a round: `delta`, under plain names, as its cluster's.
  ModelState update(const ModelState& delta, const ModelState& joined, std::int64_t round) const;

 private:
  std::filesystem::path file_of(std::int64_t trainings) const { return folder_ / ("cluster_after_" + std::to_string(trainings) + ".json"); }
  std::optional<std::int64_t> chosen_on(std::int64_t trainings, const std::string& model_digest) const;

  ClusterSettings settings_;
  std::uint64_t seed_;
  std::string site_;
  std::filesystem::path folder_;
};

}  // namespace consilium::pipelines
