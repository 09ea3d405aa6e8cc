#pragma once

#include <string_view>
#include <vector>

#include "base/settings.h"
#include "fl/compress/values.h"

namespace consilium::fl {

/// How the weights of an update are written for the wire. The numbers are those of the container (fl/compress/delta.h).
enum class Codec : std::uint8_t {
  kNone = 0,
  kBf16 = 1,
  kInt8 = 2,
  kStochastic = 3,
  kTopK = 4,
  kSign = 5,
  kPowerSgd = 6,
  kRotation = 7
};
std::string_view to_string(Codec codec);
const std::vector<Codec>& codecs();

/// What the coordinator's plan says of compression; always of an update (trained minus global), never of weights, whose small
/// changes would be rounded away.
struct CompressionSettings {
  Codec codec = Codec::kNone;
  int bits = 4;                             ///< stochastic: 2 to 8, default 4; rotation: 1 to 4, default 2
  int block = 1024;                         ///< int8, stochastic: values that share a scale
  double fraction = 0.05;                   ///< topk: share of the values that are sent
  int rank = 4;                             ///< powersgd
  ValueCoding values = ValueCoding::kBf16;  ///< topk, powersgd: how the chosen values and the factors are written
  bool error_feedback = false;              ///< bf16, int8; topk, sign and powersgd always have it
  int smallest = 1024;                      ///< tensors of fewer values, and those of one axis (norms, biases), are sent as bf16
  int zstd_level = 3;                       ///< of the last, lossless stage; 0: without

  bool operator==(const CompressionSettings&) const = default;
};

/// Does this codec keep at the site what it did not send?
bool feeds_errors_back(const CompressionSettings& settings);

/// Keys: codec and those it uses. A key that the codec does not use is refused. @throws Error{kUsage}
void read_compression_settings(SettingsReader& reader, CompressionSettings& settings);
Json to_json(const CompressionSettings& settings);

}  // namespace consilium::fl
