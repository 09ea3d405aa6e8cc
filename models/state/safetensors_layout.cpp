#include "models/state/safetensors_layout.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "base/settings.h"

namespace consilium {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors data is little endian");

constexpr std::uint64_t kHeaderLimit = 100'000'000;  // as the reference implementation
constexpr std::size_t kDimensionLimit = 16;

[[noreturn]] void refuse(const std::string& origin, const std::string& what, ErrorCode code = ErrorCode::kCorruptData) {
  throw Error(code, origin + ": " + what);
}

Json parse_header(std::string_view text, const std::string& origin) {
  Json header = parse_json(text, origin + ": the safetensors header", ErrorCode::kCorruptData);
  if (!header.is_object()) refuse(origin, "the safetensors header is not a JSON object");
  return header;
}

PlacedTensor read_entry(const std::string& name, const Json& entry, const std::string& origin) {
  const std::string what = "tensor \"" + name + "\"";
  if (!entry.is_object() || !entry.contains("dtype") || !entry.contains("shape") || !entry.contains("data_offsets")) refuse(origin, what + " lacks dtype, shape or data_offsets");
  if (!entry["dtype"].is_string()) refuse(origin, what + ": dtype is not a word");
  const auto type = entry["dtype"].get<std::string>();
  if (type != "F32") refuse(origin, what + " is of type " + type.substr(0, 16) + "; only F32 is read", ErrorCode::kUnsupported);
  const Json& shape = entry["shape"];
  if (!shape.is_array() || shape.size() > kDimensionLimit) refuse(origin, what + ": shape is not a list of at most 16 sizes");
  PlacedTensor placed;
  placed.tensor.name = name;
  std::uint64_t count = 1;
  for (const Json& size : shape) {
    if (!size.is_number_unsigned()) refuse(origin, what + ": a size in shape is not a whole number");
    const auto value = size.get<std::uint64_t>();
    if (value > std::numeric_limits<std::int32_t>::max() || (value != 0 && count > (1ULL << 40) / value)) refuse(origin, what + ": shape is too large");
    count *= value;
    placed.tensor.shape.push_back(static_cast<std::int64_t>(value));
  }
  const Json& offsets = entry["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() || !offsets[1].is_number_unsigned()) refuse(origin, what + ": data_offsets is not two whole numbers");
  placed.begin = offsets[0].get<std::uint64_t>();
  placed.end = offsets[1].get<std::uint64_t>();
  if (placed.end < placed.begin || placed.end - placed.begin != count * sizeof(float))
    refuse(origin, what + ": shape needs " + std::to_string(count * sizeof(float)) + " bytes, data_offsets give another number");
  return placed;
}

}  // namespace

SafetensorsLayout parse_safetensors_layout(std::string_view text, std::uint64_t data_bytes, const std::string& origin) {
  const Json header = parse_header(text, origin);
  SafetensorsLayout layout;
  std::map<std::string, std::string> groups;
  for (const auto& [name, entry] : header.items()) {
    if (name != "__metadata__") {
      layout.placed.push_back(read_entry(name, entry, origin));
      continue;
    }
    if (!entry.is_object()) refuse(origin, "__metadata__ is not an object");
    for (const auto& [key, value] : entry.items()) {
      if (!value.is_string()) refuse(origin, "__metadata__ holds something else than text");
      if (key.starts_with(kSafetensorsGroupPrefix)) {
        groups[key.substr(kSafetensorsGroupPrefix.size())] = value.get<std::string>();
      } else {
        layout.metadata[key] = value.get<std::string>();
      }
    }
  }
  std::sort(layout.placed.begin(), layout.placed.end(), [](const PlacedTensor& a, const PlacedTensor& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  std::uint64_t expected = 0;
  for (PlacedTensor& p : layout.placed) {
    if (p.begin != expected) refuse(origin, "tensor \"" + p.tensor.name + "\" does not begin where the one before it ends");
    expected = p.end;
    if (const auto group = groups.find(p.tensor.name); group != groups.end()) p.tensor.group = group->second;
  }
  if (expected != data_bytes) refuse(origin, "the tensors take " + std::to_string(expected) + " bytes, the file holds " + std::to_string(data_bytes));
  return layout;
}

std::uint64_t safetensors_header_length(std::string_view first, std::uint64_t file_bytes, const std::string& origin) {
  if (file_bytes < kSafetensorsLengthBytes) refuse(origin, "has " + std::to_string(file_bytes) + " bytes; a safetensors file has at least 8");
  std::uint64_t length = 0;
  std::memcpy(&length, first.data(), kSafetensorsLengthBytes);
  if (length > kHeaderLimit || length > file_bytes - kSafetensorsLengthBytes) refuse(origin, "the header promises " + std::to_string(length) + " bytes, the file has " + std::to_string(file_bytes));
  return length;
}

std::string encode_safetensors_head(const std::vector<const NamedTensor*>& sorted, const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  Json words = Json::object();
  for (const auto& [key, value] : metadata) words[key] = value;
  std::uint64_t offset = 0;
  for (const NamedTensor* tensor : sorted) {
    const std::uint64_t bytes = static_cast<std::uint64_t>(element_count(tensor->shape)) * sizeof(float);
    require(!header.contains(tensor->name), ErrorCode::kUsage, "tensor \"" + tensor->name + "\" occurs twice");
    header[tensor->name] = {{"dtype", "F32"}, {"shape", tensor->shape}, {"data_offsets", {offset, offset + bytes}}};
    if (!tensor->group.empty()) words[std::string(kSafetensorsGroupPrefix) + tensor->name] = tensor->group;
    offset += bytes;
  }
  if (!words.empty()) header["__metadata__"] = words;
  std::string text = header.dump();
  // The format aligns the data to 8 bytes with spaces.
  text.append((8 - text.size() % 8) % 8, ' ');
  const std::uint64_t length = text.size();
  std::string bytes(kSafetensorsLengthBytes, '\0');
  std::memcpy(bytes.data(), &length, kSafetensorsLengthBytes);
  return bytes + text;
}

}  // namespace consilium
