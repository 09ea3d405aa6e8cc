#include "models/state/clusters.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "base/error.h"

namespace consilium {
namespace {

constexpr std::string_view kWord = "cluster_";

std::string prefix_of(std::int64_t cluster) { return std::string(kWord) + std::to_string(cluster) + "/"; }

/// K of "cluster_K/...", as prefix_of writes it.
std::optional<std::int64_t> number_in(std::string_view text) {
  if (!text.starts_with(kWord)) return std::nullopt;
  std::int64_t number = -1;
  std::from_chars(text.data() + kWord.size(), text.data() + text.size(), number);
  if (number < 0 || number >= kMostClusters || !text.starts_with(prefix_of(number))) return std::nullopt;
  return number;
}

std::optional<std::int64_t> cluster_of_tensor(const NamedTensor& tensor) {
  const auto number = number_in(tensor.name);
  return number && tensor.group.starts_with(prefix_of(*number)) ? number : std::nullopt;
}

void sort_by_name(ModelState& model) {
  std::sort(model.tensors.begin(), model.tensors.end(), [](const NamedTensor& a, const NamedTensor& b) { return a.name < b.name; });
}

NamedTensor named_for(std::int64_t cluster, NamedTensor tensor) {
  tensor.name.insert(0, prefix_of(cluster));
  tensor.group.insert(0, prefix_of(cluster));
  return tensor;
}

}  // namespace

ModelState join_clusters(std::span<const ModelState> models, std::span<const std::size_t> own) {
  require(!models.empty() && models.size() <= kMostClusters, ErrorCode::kUsage, "expected 1 to " + std::to_string(kMostClusters) + " clusters, found " + std::to_string(models.size()));
  ModelState joined = models[0];
  for (const std::size_t n : own) joined.tensors.at(n) = named_for(0, std::move(joined.tensors[n]));
  for (std::size_t k = 1; k < models.size(); ++k) {
    require_same_layout(models[0], models[k]);
    for (const std::size_t n : own) joined.tensors.push_back(named_for(static_cast<std::int64_t>(k), models[k].tensors[n]));
  }
  sort_by_name(joined);
  return joined;
}

std::int64_t cluster_count(const ModelState& joined) {
  std::int64_t count = 0;
  for (const NamedTensor& tensor : joined.tensors) count = std::max(count, cluster_of_tensor(tensor).value_or(-1) + 1);
  return count;
}

ModelState cluster_of(const ModelState& joined, std::int64_t cluster) {
  ModelState model;
  bool found = false;
  for (const NamedTensor& tensor : joined.tensors) {
    const auto number = cluster_of_tensor(tensor);
    if (number && *number != cluster) continue;
    found = found || number.has_value();
    model.tensors.push_back(tensor);
    if (!number) continue;
    model.tensors.back().name.erase(0, prefix_of(cluster).size());
    model.tensors.back().group.erase(0, prefix_of(cluster).size());
  }
  require(found, ErrorCode::kMismatch, "the model has no cluster " + std::to_string(cluster) + "; it holds " + std::to_string(cluster_count(joined)) + " (training.clusters)");
  sort_by_name(model);
  const auto twice = std::adjacent_find(model.tensors.begin(), model.tensors.end(), [](const NamedTensor& a, const NamedTensor& b) { return a.name == b.name; });
  require(twice == model.tensors.end(), ErrorCode::kMismatch, "tensor \"" + (twice == model.tensors.end() ? std::string() : twice->name) + "\" is both shared and of cluster " + std::to_string(cluster));
  return model;
}

ModelState place_in_clusters(const ModelState& plain, const ModelState& joined, std::span<const std::int64_t> clusters) {
  ModelState placed;
  for (const NamedTensor& tensor : plain.tensors) {
    if (find_tensor(joined, tensor.name) != nullptr) {
      placed.tensors.push_back(tensor);
      continue;
    }
    for (const std::int64_t cluster : clusters) placed.tensors.push_back(named_for(cluster, tensor));
  }
  sort_by_name(placed);
  return placed;
}

}  // namespace consilium
