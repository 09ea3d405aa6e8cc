#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace consilium::pipelines {

/// Which cluster of a clustered federation a model is of, in the safetensors metadata.
inline constexpr const char* kClusterKey = "consilium.cluster";

/// Metadata of a model of that cluster.
std::map<std::string, std::string> cluster_metadata(std::map<std::string, std::string> metadata, std::int64_t cluster);

/// Where `source` holds the models of several clusters: each as a model that can be used, TARGET_cluster_K.safetensors beside TARGET.safetensors. Else nothing.
/// @throws as read_safetensors; Error{kCannotWrite}
void write_cluster_models(const std::filesystem::path& target, const std::filesystem::path& source, const std::map<std::string, std::string>& metadata);

}  // namespace consilium::pipelines
