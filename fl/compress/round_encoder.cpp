#include "fl/compress/round_encoder.h"

#include "base/files.h"

namespace consilium::fl {

fs::path RoundEncoder::file_of(std::int64_t round) const {
  return folder_ / ("feedback_after_" + std::to_string(round) + ".safetensors");
}

std::optional<std::int64_t> RoundEncoder::round_before(std::int64_t round) const {
  for (std::int64_t before = round - 1; before >= 0 && before >= round - 1 - kMostMissedRounds; --before)
    if (fs::exists(file_of(before))) return before;
  return std::nullopt;
}

void RoundEncoder::remove_all_before(std::int64_t round) const {
  std::error_code ignored;
  for (std::int64_t old = round - 1; old >= 0 && old >= round - 1 - kMostMissedRounds; --old) fs::remove(file_of(old), ignored);
}

std::optional<std::string> RoundEncoder::encode(const RoundPlan& plan, const ModelState& delta, const ModelState& global) const {
  if (plan.compression.codec == Codec::kNone || !is_encodable(delta)) return std::nullopt;
  const CompressionSeed seed{plan.base_digest, site_, plan.round};
  if (!feeds_errors_back(plan.compression)) return encode_delta(delta, global, plan.compression, seed);
  ErrorFeedback memory;
  const std::optional<std::int64_t> before = round_before(plan.round);
  if (before) memory = read_error_feedback(file_of(*before));
  std::string bytes = encode_delta(delta, global, plan.compression, seed, &memory);
  write_error_feedback(file_of(plan.round), memory);
  if (before) remove_all_before(*before);
  return bytes;
}

}  // namespace consilium::fl
