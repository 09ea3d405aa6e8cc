#include "models/state/safetensors_file.h"

#include <algorithm>
#include <cstring>
#include <fstream>

#include "base/error.h"
#include "base/files.h"
#include "models/state/safetensors_layout.h"

namespace consilium {
namespace {

/// The message for what is no file at all comes first: opening would only say why it failed.
OpenFile open_for_reading(const std::filesystem::path& path) {
  require_file(path);
  return {path, false};
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path, std::string origin) : origin_(origin.empty() ? path.string() : std::move(origin)), file_(open_for_reading(path)) {
  const std::uint64_t size = file_.size();
  const std::string first = file_.read(0, kSafetensorsLengthBytes);
  std::string text(safetensors_header_length(first, size, origin_), '\0');
  read_bytes(first.size(), text);
  values_begin_ = first.size() + text.size();
  SafetensorsLayout layout = parse_safetensors_layout(text, size - values_begin_, origin_);
  metadata_ = std::move(layout.metadata);
  std::sort(layout.placed.begin(), layout.placed.end(), [](const PlacedTensor& a, const PlacedTensor& b) { return a.tensor.name < b.tensor.name; });
  for (PlacedTensor& p : layout.placed) tensors_.push_back({std::move(p.tensor), p.begin, (p.end - p.begin) / sizeof(float)});
}

void SafetensorsFile::read_bytes(std::uint64_t offset, std::span<char> bytes) const {
  require(file_.read(offset, bytes) == bytes.size(), ErrorCode::kCorruptData, origin_ + ": cannot be read: it has become shorter");
}

void SafetensorsFile::read(std::size_t tensor, std::size_t begin, std::span<float> values) const {
  const Entry& entry = tensors_.at(tensor);
  require(begin <= entry.count && values.size() <= entry.count - begin, ErrorCode::kUsage, origin_ + ": tensor " + entry.tensor.name + " has " + std::to_string(entry.count) + " values");
  read_bytes(values_begin_ + entry.offset + begin * sizeof(float), {reinterpret_cast<char*>(values.data()), values.size_bytes()});
}

ModelFile SafetensorsFile::load() const {
  ModelFile file{{}, metadata_};
  for (std::size_t n = 0; n < tensors_.size(); ++n) {
    file.state.tensors.push_back(tensors_[n].tensor);
    file.state.tensors.back().values.resize(tensors_[n].count);
    read(n, 0, file.state.tensors.back().values);
  }
  return file;
}

void write_safetensors_one_by_one(const std::filesystem::path& path, const std::vector<const NamedTensor*>& sorted, const std::function<std::vector<float>(std::size_t number)>& values) {
  const std::string head = encode_safetensors_head(sorted, {});
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  stream.write(head.data(), static_cast<std::streamsize>(head.size()));
  for (std::size_t n = 0; n < sorted.size(); ++n) {
    const std::vector<float> tensor = values(n);
    require(element_count(sorted[n]->shape) == static_cast<std::int64_t>(tensor.size()), ErrorCode::kUsage, "tensor \"" + sorted[n]->name + "\": values do not fill the shape");
    stream.write(reinterpret_cast<const char*>(tensor.data()), static_cast<std::streamsize>(tensor.size() * sizeof(float)));
  }
  stream.flush();
  require(stream.good(), ErrorCode::kCannotWrite, "cannot write " + path.string() + ": " + std::strerror(errno));
}

void write_safetensors_copy(const std::filesystem::path& path, const SafetensorsFile& file, const std::map<std::string, std::string>& metadata) {
  constexpr std::size_t kBlock = 1 << 16;
  std::vector<const NamedTensor*> sorted;
  for (std::size_t n = 0; n < file.size(); ++n) sorted.push_back(&file.tensor(n));
  const std::string head = encode_safetensors_head(sorted, metadata);
  write_beside(path, [&](const std::filesystem::path& temporary) {
    std::ofstream stream(temporary, std::ios::binary | std::ios::trunc);
    stream.write(head.data(), static_cast<std::streamsize>(head.size()));
    std::vector<float> block(kBlock);
    for (std::size_t n = 0; n < file.size(); ++n)
      for (std::size_t at = 0; at < file.value_count(n); at += kBlock) {
        const std::span<float> values = std::span(block).first(std::min(kBlock, file.value_count(n) - at));
        file.read(n, at, values);
        stream.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size_bytes()));
      }
    stream.flush();
    require(stream.good(), ErrorCode::kCannotWrite, "cannot write " + path.string() + ": " + std::strerror(errno));
  });
}

}  // namespace consilium
