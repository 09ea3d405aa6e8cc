#include "models/state/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fstream>

#include "base/error.h"
#include "base/files.h"
#include "base/open_file.h"
#include "base/settings.h"
#include "models/state/safetensors_file.h"
#include "models/state/safetensors_layout.h"

namespace consilium {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors data is little endian");

std::vector<const NamedTensor*> sorted_by_name(const ModelState& state) {
  std::vector<const NamedTensor*> sorted;
  for (const NamedTensor& tensor : state.tensors) sorted.push_back(&tensor);
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
  return sorted;
}

/// Everything before the values.
std::string encode_head(const std::vector<const NamedTensor*>& sorted, const std::map<std::string, std::string>& metadata) {
  for (const NamedTensor* tensor : sorted)
    require(element_count(tensor->shape) == static_cast<std::int64_t>(tensor->values.size()), ErrorCode::kUsage, "tensor \"" + tensor->name + "\": values do not fill the shape");
  return encode_safetensors_head(sorted, metadata);
}

std::string_view bytes_of(const NamedTensor& tensor) { return {reinterpret_cast<const char*>(tensor.values.data()), tensor.values.size() * sizeof(float)}; }

}  // namespace

std::string encode_safetensors(const ModelState& state, const std::map<std::string, std::string>& metadata) {
  const auto sorted = sorted_by_name(state);
  std::string bytes = encode_head(sorted, metadata);
  std::size_t total = bytes.size();
  for (const NamedTensor* tensor : sorted) total += bytes_of(*tensor).size();
  bytes.reserve(total);
  for (const NamedTensor* tensor : sorted) bytes += bytes_of(*tensor);
  return bytes;
}

ModelFile parse_safetensors(std::string_view bytes, const std::string& origin) {
  const std::uint64_t length = safetensors_header_length(bytes, bytes.size(), origin);
  const std::string_view data = bytes.substr(kSafetensorsLengthBytes + length);
  SafetensorsLayout layout = parse_safetensors_layout(bytes.substr(kSafetensorsLengthBytes, length), data.size(), origin);
  ModelFile file{{}, std::move(layout.metadata)};
  for (PlacedTensor& p : layout.placed) {
    p.tensor.values.resize((p.end - p.begin) / sizeof(float));
    if (p.end > p.begin) std::memcpy(p.tensor.values.data(), data.data() + p.begin, p.end - p.begin);
    file.state.tensors.push_back(std::move(p.tensor));
  }
  std::sort(file.state.tensors.begin(), file.state.tensors.end(), [](const NamedTensor& a, const NamedTensor& b) { return a.name < b.name; });
  return file;
}

std::uint64_t safetensors_bytes(const ModelState& state) {
  const auto sorted = sorted_by_name(state);
  std::uint64_t total = encode_head(sorted, {}).size();
  for (const NamedTensor* tensor : sorted) total += bytes_of(*tensor).size();
  return total;
}

void write_safetensors(const std::filesystem::path& path, const ModelState& state, const std::map<std::string, std::string>& metadata, Durability durability) {
  const auto sorted = sorted_by_name(state);
  const std::string head = encode_head(sorted, metadata);
  write_beside(path, [&](const std::filesystem::path& temporary) {
    std::ofstream stream(temporary, std::ios::binary | std::ios::trunc);
    stream.write(head.data(), static_cast<std::streamsize>(head.size()));
    for (const NamedTensor* tensor : sorted) stream.write(bytes_of(*tensor).data(), static_cast<std::streamsize>(bytes_of(*tensor).size()));
    stream.flush();
    require(stream.good(), ErrorCode::kCannotWrite, "cannot write " + path.string() + ": " + std::strerror(errno));
  }, durability);
}

bool is_canonical_file(const std::filesystem::path& path, const ModelState& state) {
  const std::string head = encode_head(sorted_by_name(state), {});  // says where the values lie
  return OpenFile(path, false).read(0, head.size()) == head;
}

ModelFile read_safetensors(const std::filesystem::path& path) { return SafetensorsFile(path).load(); }

}  // namespace consilium
