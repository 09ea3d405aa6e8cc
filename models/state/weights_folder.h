#pragma once

#include <filesystem>

#include "models/state/safetensors.h"

namespace consilium {

/// Writes a model as one .npy file per tensor and weights.json, which holds names, groups and metadata (docs/formats.md, "Weights as .npy").
/// @throws Error{kCannotWrite} also when the folder holds weights already.
void write_weights_folder(const std::filesystem::path& folder, const ModelFile& model);

/// @throws Error{kNotFound}, Error{kCorruptData} naming the file; Error{kUnsupported} another data type than float32.
ModelFile read_weights_folder(const std::filesystem::path& folder);

}  // namespace consilium
