#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "models/state/model_state.h"

namespace consilium {

// What the reader of bytes and the reader of files share; only for models/state/*.cpp.
inline constexpr std::uint64_t kSafetensorsLengthBytes = 8;
inline constexpr std::string_view kSafetensorsGroupPrefix = "group:";

/// Where a tensor's bytes lie after the header. The tensor has no values yet.
struct PlacedTensor {
  NamedTensor tensor;
  std::uint64_t begin = 0, end = 0;
};

/// What a header says, with the tensors in the order of their bytes.
struct SafetensorsLayout {
  std::vector<PlacedTensor> placed;
  std::map<std::string, std::string> metadata;
};

/// Length of the header that follows the first eight bytes of a file of `file_bytes`. @throws Error{kCorruptData}
std::uint64_t safetensors_header_length(std::string_view first, std::uint64_t file_bytes, const std::string& origin);

/// `text`: the header; `data_bytes`: how many bytes follow it. @throws as parse_safetensors.
SafetensorsLayout parse_safetensors_layout(std::string_view text, std::uint64_t data_bytes, const std::string& origin);

/// Everything before the values: `sorted` by name, of whose tensors only name, group and shape are used. @throws Error{kUsage} a name occurs twice.
std::string encode_safetensors_head(const std::vector<const NamedTensor*>& sorted, const std::map<std::string, std::string>& metadata);

}  // namespace consilium
