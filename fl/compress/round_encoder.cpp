#include "fl/compress/round_encoder.h"

#include "base/files.h"

namespace consilium::fl {

fs::path RoundEncoder::file_of(std::int64_t round) const {
  return folder_ / ("feedback_after_" + std::to_string(round) + ".safetensors");
}

std::optional<std::string> RoundEncoder::encode(const RoundPlan& plan, const ModelState& delta, const ModelState& global) const {
  if (plan.compression.codec == Codec::kNone || !is_encodable(delta)) return std::nullopt;
  const CompressionSeed seed{plan.base_digest, site_, plan.round};
  if (!feeds_errors_back(plan.compression)) return encode_delta(delta, global, plan.compression, seed);
  ErrorFeedback memory;
  if (const fs::path before = file_of(plan.round - 1); fs::exists(before)) memory = read_error_feedback(before);
  std::string bytes = encode_delta(delta, global, plan.compression, seed, &memory);
  write_error_feedback(file_of(plan.round), memory);
  std::error_code ignored;
  fs::remove(file_of(plan.round - 2), ignored);
  return bytes;
}

}  // namespace consilium::fl
