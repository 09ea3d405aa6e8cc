#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/files.h"
#include "models/state/model_state.h"

namespace consilium {

/// A model on disk: the weights, and words about them.
struct ModelFile {
  ModelState state;
  std::map<std::string, std::string> metadata;  ///< without the entries that hold the groups
};

/// safetensors bytes that Python's `safetensors` opens: float32, tensors sorted by name, groups in the metadata as "group:<name>".
/// Same state and metadata, same bytes. @throws Error{kUsage} values do not fill a shape, or a name occurs twice.
/// Source: github.com/huggingface/safetensors, "Format".
std::string encode_safetensors(const ModelState& state, const std::map<std::string, std::string>& metadata = {});

/// Reads float32 tensors; `origin` names the bytes in messages. Offsets must tile the data exactly, as the format demands.
/// @throws Error{kCorruptData} naming the tensor or field; Error{kUnsupported} another data type.
ModelFile parse_safetensors(std::string_view bytes, const std::string& origin);

/// @throws Error{kCannotWrite}
void write_safetensors(const std::filesystem::path& path, const ModelState& state, const std::map<std::string, std::string>& metadata = {}, Durability durability = Durability::kPowerLoss);
/// How long encode_safetensors(state) is.
std::uint64_t safetensors_bytes(const ModelState& state);
/// Is the file that `state` was read from the bytes encode_safetensors(state)? One that another program wrote may have another order, and so another digest.
bool is_canonical_file(const std::filesystem::path& path, const ModelState& state);
/// @throws Error{kNotFound} and as parse_safetensors.
ModelFile read_safetensors(const std::filesystem::path& path);

}  // namespace consilium
