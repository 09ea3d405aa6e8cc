#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "models/state/model_state.h"

namespace consilium {

/// More would be a mistyped number: each is a model on every download.
inline constexpr std::int64_t kMostClusters = 64;

// The models of a clustered federation travel side by side in one: of a tensor NAME of group GROUP that is not shared, `cluster_K/NAME` of group `cluster_K/GROUP` for each
// cluster K from 0; a shared tensor once, as it is. Aggregation takes groups apart and needs to know nothing of them, nor do download, digest, checkpoint and resumption.

/// The models in one; `own`: numbers of the tensors that each cluster has of its own, shared ones are those of the first model.
/// @throws Error{kUsage} no or too many models; Error{kMismatch} their layouts differ.
ModelState join_clusters(std::span<const ModelState> models, std::span<const std::size_t> own);

/// How many models are in it; 0: it is a plain one.
std::int64_t cluster_count(const ModelState& joined);

/// The model of one cluster, with the shared tensors, under its plain names. @throws Error{kMismatch} there is no such cluster.
ModelState cluster_of(const ModelState& joined, std::int64_t cluster);

/// What was trained under plain names, named and grouped as in `joined`: once for each of these clusters, shared tensors once.
ModelState place_in_clusters(const ModelState& plain, const ModelState& joined, std::span<const std::int64_t> clusters);

}  // namespace consilium
