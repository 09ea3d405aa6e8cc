#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "fl/compress/bytes.h"
#include "fl/compress/delta.h"
#include "fl/compress/delta_format.h"
#include "fl/compress/tensor_coding.h"
#include "fl/compress/zstd_bytes.h"

namespace consilium::fl {
namespace {

Codec codec_of(std::uint8_t number) {
  require(number < codecs().size(), ErrorCode::kCorruptData, "codec number " + std::to_string(number) + " is not known");
  return static_cast<Codec>(number);
}

/// Errors of what is inside say where it comes from.
template <typename Body>
auto named(const std::string& origin, const Body& body) {
  try {
    return body();
  } catch (const Error& error) {  // the adapter: readers below know no names
    throw Error(error.code(), origin + ": " + error.what());
  }
}

}  // namespace

DeltaDecoder::DeltaDecoder(ByteSource source, const ModelState& global, std::string origin)
    : source_(std::move(source)), global_(&global), origin_(std::move(origin)) {
  named(origin_, [&] {
    const std::string header = source_.read(0, kDeltaHeaderBytes);
    ByteReader reader(header);
    require(reader.take_bytes(kDeltaMagic.size()) == kDeltaMagic, ErrorCode::kCorruptData, "is no compressed update");
    const int version = reader.take<std::uint8_t>();
    require(version == kDeltaVersion, ErrorCode::kUnsupported,
            "version " + std::to_string(version) + " of compressed updates is not read, only 1");
    codec_ = codec_of(reader.take<std::uint8_t>());
    require(reader.take_bytes(kLayoutBytes) == layout_digest(global), ErrorCode::kMismatch, "is an update of another model");
    const auto count = reader.take<std::uint32_t>(), table_bytes = reader.take<std::uint32_t>();
    require(count <= global.tensors.size() && table_bytes <= count * kMostEntryBytes, ErrorCode::kCorruptData,
            "has more tensors than the global model, or a table that is too long for them");
    entries_.resize(count);
    read_table(source_.read(kDeltaHeaderBytes, table_bytes));
  });
}

void DeltaDecoder::read_table(std::string_view table) {
  ByteReader reader(table);
  std::uint64_t next = 0, offset = kDeltaHeaderBytes + table.size();
  for (Entry& entry : entries_) {
    const std::uint64_t gap = reader.take_varint();
    require(gap < global_->tensors.size() - next, ErrorCode::kCorruptData, "names a tensor that the global model does not have");
    entry.tensor = next + gap;
    next = entry.tensor + 1;
    entry.codec = codec_of(reader.take<std::uint8_t>());
    entry.offset = offset;
    const auto parts = reader.take<std::uint8_t>();
    require(parts <= kMostParts, ErrorCode::kCorruptData,
            "tensor " + global_->tensors[entry.tensor].name + " has more than 8 parts");
    entry.parts.resize(parts);
    std::uint64_t room = most_part_bytes(global_->tensors[entry.tensor].values.size());
    for (Part& part : entry.parts) {
      part.size = reader.take_varint();
      part.stored = reader.take_varint();
      require(part.size <= room && part.stored <= part.size, ErrorCode::kCorruptData,
              "tensor " + global_->tensors[entry.tensor].name + " takes more bytes than its shape can need");
      room -= part.size;
      require(part.stored <= source_.size_bytes() - offset, ErrorCode::kCorruptData, "the bytes end too early");
      offset += part.stored;
    }
  }
  reader.finish();
  require(offset == source_.size_bytes(), ErrorCode::kCorruptData, "bytes are left over");
}

const NamedTensor& DeltaDecoder::target(std::size_t n) const { return global_->tensors[entries_.at(n).tensor]; }

std::vector<float> DeltaDecoder::decode(std::size_t n) const {
  const Entry& entry = entries_.at(n);
  const NamedTensor& tensor = target(n);
  return named(origin_ + ": tensor " + tensor.name, [&] {
    Parts parts;
    std::uint64_t offset = entry.offset;
    for (const Part& part : entry.parts) {
      std::string stored = source_.read(offset, part.stored);
      parts.push_back(part.stored < part.size ? from_zstd(stored, part.size) : std::move(stored));
      offset += part.stored;
    }
    std::vector<float> values = decode_tensor(entry.codec, parts, tensor.shape);
    require(std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); }), ErrorCode::kCorruptData,
            "a value that is not finite");
    return values;
  });
}

ModelState DeltaDecoder::decode_all() const {
  ModelState delta;
  for (std::size_t n = 0; n < size(); ++n) delta.tensors.push_back({target(n).name, target(n).group, target(n).shape, decode(n)});
  return delta;
}

}  // namespace consilium::fl
