#include "fl/compress/compression.h"

#include <cmath>

#include "base/error.h"
#include "fl/compress/blocks.h"
#include "fl/compress/composition.h"
#include "fl/compress/zstd_bytes.h"

namespace consilium::fl {
namespace {

const std::vector<std::pair<std::string, Codec>> kCodecs{
    {"none", Codec::kNone}, {"bf16", Codec::kBf16}, {"int8", Codec::kInt8},         {"stochastic", Codec::kStochastic},
    {"topk", Codec::kTopK}, {"sign", Codec::kSign}, {"powersgd", Codec::kPowerSgd}, {"rotation", Codec::kRotation}};
const std::vector<std::pair<std::string, ValueCoding>> kValues{
    {"float32", ValueCoding::kFloat32}, {"bf16", ValueCoding::kBf16}, {"int8", ValueCoding::kInt8}};

bool has_bits(Codec codec) { return codec == Codec::kStochastic || codec == Codec::kRotation; }
bool has_blocks(Codec codec) { return codec == Codec::kStochastic || codec == Codec::kInt8; }
bool may_feed_back(Codec codec) { return traits_of(codec).error_feedback == ErrorFeedbackUse::kOptional; }

void check_ranges(const CompressionSettings& s, const std::string& path) {
  const auto check = [&](bool good, const char* key, const char* expected) {
    require(good, ErrorCode::kUsage, path + "." + key + ": expected " + expected);
  };
  if (s.codec == Codec::kRotation) check(s.bits >= 1 && s.bits <= 4, "bits", "1 to 4");
  if (s.codec == Codec::kStochastic) check(s.bits >= 2 && s.bits <= 8, "bits", "2 to 8");
  check(s.block >= static_cast<int>(kSmallestBlock) && s.block <= static_cast<int>(kLargestBlock), "block", "16 to 1048576");
  check(s.fraction > 0 && s.fraction <= 1, "fraction", "above 0, at most 1");
  check(s.rank >= 1 && s.rank <= 256, "rank", "1 to 256");
  check(s.smallest >= 1, "smallest", "1 or more");
  check(s.zstd_level >= 0 && s.zstd_level <= kHighestZstdLevel, "zstd_level", "0 to 19");
}

}  // namespace

std::string_view to_string(Codec codec) {
  for (const auto& [word, value] : kCodecs)
    if (value == codec) return word;
  return "none";
}

const std::vector<Codec>& codecs() {
  static const std::vector<Codec> kAll = [] {
    std::vector<Codec> all;
    for (const auto& [word, codec] : kCodecs) all.push_back(codec);
    return all;
  }();
  return kAll;
}

bool feeds_errors_back(const CompressionSettings& s) {
  const ErrorFeedbackUse use = traits_of(s.codec).error_feedback;
  return use == ErrorFeedbackUse::kAlways || (use == ErrorFeedbackUse::kOptional && s.error_feedback);
}

void read_compression_settings(SettingsReader& reader, CompressionSettings& s) {
  reader.choice("codec", s.codec, kCodecs);
  if (s.codec == Codec::kRotation) s.bits = 2;
  // Only what the codec uses is asked for: the reader refuses the rest.
  if (has_bits(s.codec)) reader.field("bits", s.bits);
  if (has_blocks(s.codec)) reader.field("block", s.block);
  if (s.codec == Codec::kTopK) reader.field("fraction", s.fraction);
  if (s.codec == Codec::kPowerSgd) reader.field("rank", s.rank);
  if (traits_of(s.codec).codes_values) reader.choice("values", s.values, kValues);
  if (may_feed_back(s.codec)) reader.field("error_feedback", s.error_feedback);
  if (s.codec != Codec::kNone) {
    if (s.codec != Codec::kBf16) reader.field("smallest", s.smallest);
    reader.field("zstd_level", s.zstd_level);
  }
  check_ranges(s, reader.path());
}

Json to_json(const CompressionSettings& s) {
  Json json{{"codec", to_string(s.codec)}};
  if (s.codec == Codec::kNone) return json;
  if (has_bits(s.codec)) json["bits"] = s.bits;
  if (has_blocks(s.codec)) json["block"] = s.block;
  if (s.codec == Codec::kTopK) json["fraction"] = s.fraction;
  if (s.codec == Codec::kPowerSgd) json["rank"] = s.rank;
  if (traits_of(s.codec).codes_values) json["values"] = to_string(s.values);
  if (may_feed_back(s.codec)) json["error_feedback"] = s.error_feedback;
  if (s.codec != Codec::kBf16) json["smallest"] = s.smallest;
  json["zstd_level"] = s.zstd_level;
  return json;
}

}  // namespace consilium::fl
