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

void require_encodable(const NamedTensor& tensor, std::span<const float> values) {
  require(is_encodable(values), ErrorCode::kCorruptData,
          "update: tensor " + tensor.name + " holds a value that is not finite, or beyond 1e30");
}

/// Number of the tensor in the global model. Both are in the order of names: the search goes on behind the one before.
std::size_t number_of(const NamedTensor& tensor, const ModelState& global, std::size_t from) {
  const auto place = std::lower_bound(global.tensors.begin() + static_cast<std::ptrdiff_t>(from), global.tensors.end(),
                                      tensor.name, [](const NamedTensor& t, const std::string& name) { return t.name < name; });
  const bool found = place != global.tensors.end() && place->name == tensor.name && place->shape == tensor.shape &&
                     place->values.size() == tensor.values.size();
  require(
      found, ErrorCode::kMismatch,
      "update: tensor " + tensor.name + " is not in the global model, has another shape there, or is not in the order of names");
  return static_cast<std::size_t>(place - global.tensors.begin());
}

std::vector<float> with_residual(const NamedTensor& tensor, const ErrorFeedback& memory) {
  std::vector<float> values = tensor.values;
  if (const NamedTensor* residual = find_tensor(memory.residual, tensor.name)) {
    require(residual->values.size() == values.size(), ErrorCode::kMismatch,
            "error feedback: tensor " + tensor.name + " has another shape");
    for (std::size_t n = 0; n < values.size(); ++n) values[n] += residual->values[n];
  }
  return values;
}

CodedTensor encode_with_memory(const NamedTensor& tensor, const CompressionSettings& settings, Rng& rng, ErrorFeedback& memory) {
  std::vector<float> values = with_residual(tensor, memory);
  require_encodable(tensor, values);
  std::vector<float> factor;
  if (const NamedTensor* kept = find_tensor(memory.factors, tensor.name)) factor = kept->values;
  CodedTensor coded = encode_tensor(tensor.shape, values, settings, factor, rng);
  const std::vector<float> sent = decode_tensor(coded.codec, coded.parts, tensor.shape);
  for (std::size_t n = 0; n < values.size(); ++n) values[n] -= sent[n];
  put_tensor(memory.residual, {tensor.name, tensor.group, tensor.shape, std::move(values)});
  if (coded.codec == Codec::kPowerSgd) {
    const auto columns = element_count(tensor.shape) / tensor.shape.front();
    const auto rank = static_cast<std::int64_t>(factor.size()) / columns;
    put_tensor(memory.factors, {tensor.name, tensor.group, {columns, rank}, std::move(factor)});
  }
  return coded;
}

void append(const CodedTensor& coded, std::size_t gap, int zstd_level, std::string& table, std::string& body) {
  put_varint(table, gap);
  put(table, static_cast<std::uint8_t>(coded.codec));
  put(table, static_cast<std::uint8_t>(coded.parts.size()));
  for (const std::string& part : coded.parts) {
    std::string frame = zstd_level > 0 ? to_zstd(part, zstd_level) : std::string();
    const std::string& stored = zstd_level > 0 && frame.size() < part.size() ? frame : part;
    put_varint(table, part.size());
    put_varint(table, stored.size());
    body += stored;
  }
}

}  // namespace

bool is_encodable(std::span<const float> values) {
  // False for NaN as well.
  return std::all_of(values.begin(), values.end(), [](float value) { return std::abs(value) <= 1e30F; });
}

bool is_encodable(const ModelState& delta) {
  return std::all_of(delta.tensors.begin(), delta.tensors.end(),
                     [](const NamedTensor& tensor) { return is_encodable(tensor.values); });
}

std::string encode_delta(const ModelState& delta, const ModelState& global, const CompressionSettings& settings,
                         const CompressionSeed& seed, ErrorFeedback* memory) {
  const Rng rng = Rng(0).fork("compression").fork(seed.base_digest).fork(seed.site).fork(static_cast<std::uint64_t>(seed.round));
  const bool remembers = memory != nullptr && feeds_errors_back(settings);
  ErrorFeedback next;
  if (remembers) next = *memory;  // an update that is refused leaves the memory as it was
  std::string table, body;
  std::size_t behind = 0;
  for (const NamedTensor& tensor : delta.tensors) {
    const std::size_t number = number_of(tensor, global, behind);
    Rng own = rng.fork(tensor.name);
    std::vector<float> factor;
    if (!remembers) require_encodable(tensor, tensor.values);
    const CodedTensor coded = remembers ? encode_with_memory(tensor, settings, own, next)
                                        : encode_tensor(tensor.shape, tensor.values, settings, factor, own);
    append(coded, number - behind, settings.zstd_level, table, body);
    behind = number + 1;
  }
  std::string bytes(kDeltaMagic);
  put(bytes, kDeltaVersion);
  put(bytes, static_cast<std::uint8_t>(settings.codec));
  bytes += layout_digest(global);
  put(bytes, static_cast<std::uint32_t>(delta.tensors.size()));
  put(bytes, static_cast<std::uint32_t>(table.size()));
  if (remembers) *memory = std::move(next);
  return bytes + table + body;
}

}  // namespace consilium::fl
