#include "pipelines/cluster_models.h"

#include "base/files.h"
#include "models/state/clusters.h"
#include "models/state/safetensors.h"
#include "models/state/safetensors_file.h"

namespace consilium::pipelines {
namespace {

/// Told from names and groups alone, so that a large plain model is not read.
bool is_joined(const fs::path& source) {
  const SafetensorsFile file(source);
  ModelState names;
  for (std::size_t n = 0; n < file.size(); ++n) names.tensors.push_back({file.tensor(n).name, file.tensor(n).group, {}, {}});
  return cluster_count(names) > 0;
}

}  // namespace

std::map<std::string, std::string> cluster_metadata(std::map<std::string, std::string> metadata, std::int64_t cluster) {
  metadata[kClusterKey] = std::to_string(cluster);
  return metadata;
}

void write_cluster_models(const fs::path& target, const fs::path& source, const std::map<std::string, std::string>& metadata) {
  if (!is_joined(source)) return;
  const ModelState joined = read_safetensors(source).state;
  for (std::int64_t k = 0, count = cluster_count(joined); k < count; ++k)
    write_safetensors(target.parent_path() / (target.stem().string() + "_cluster_" + std::to_string(k) + ".safetensors"), cluster_of(joined, k), cluster_metadata(metadata, k));
}

}  // namespace consilium::pipelines
