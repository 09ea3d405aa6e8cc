#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/rng.h"
#include "fl/compress/byte_source.h"
#include "fl/compress/compression.h"
#include "fl/compress/error_feedback.h"

namespace consilium::fl {

/// What a codec's random numbers hang on, so that a round that is repeated gives the same bytes. `base_digest` stands for the
/// federation's seed: it is that of the model the round starts from, and with it of all rounds before.
struct CompressionSeed {
  std::string base_digest;
  std::string site;
  std::int64_t round = 0;
};

/// No value that is not finite, or beyond 1e30, where squares and sums leave the range of float32.
bool is_encodable(std::span<const float> values);
bool is_encodable(const ModelState& delta);

/// An update as a compressed file (docs/wire_format.md, "Compressed updates"). `delta` holds tensors of `global`, in its order;
/// some may be missing. Same arguments, same bytes.
///
/// `memory` is used and replaced by codecs that feed errors back (feeds_errors_back); null: what is not sent is lost.
/// @throws Error{kCorruptData} a value that is not encodable; Error{kMismatch} a tensor that `global` does not have,
/// or a memory of another model.
std::string encode_delta(const ModelState& delta, const ModelState& global, const CompressionSettings& settings,
                         const CompressionSeed& seed, ErrorFeedback* memory = nullptr);

/// Reads a compressed update tensor by tensor. What is read is checked before memory is taken for it: never more than one tensor
/// of the global model needs, whatever the bytes say. Several threads may decode at once.
class DeltaDecoder {
 public:
  /// `global` must outlive the decoder; `origin` names the bytes in messages. @throws Error{kCorruptData}; Error{kMismatch} an
  /// update of another model.
  DeltaDecoder(ByteSource source, const ModelState& global, std::string origin);

  Codec codec() const { return codec_; }
  std::size_t size() const { return entries_.size(); }
  /// The tensor of the global model (name, group, shape) that tensor number `n` of the update changes; ascending.
  const NamedTensor& target(std::size_t n) const;
  /// Its changes. @throws Error{kCorruptData}, also for values that are not finite.
  std::vector<float> decode(std::size_t n) const;
  /// All of them.
  ModelState decode_all() const;

 private:
  struct Part {
    std::uint64_t size = 0;    ///< bytes of the codec
    std::uint64_t stored = 0;  ///< bytes in the file; fewer than `size`: a zstd frame
  };
  struct Entry {
    std::size_t tensor = 0;
    Codec codec = Codec::kNone;
    std::uint64_t offset = 0;
    std::vector<Part> parts;
  };
  void read_table(std::string_view table);

  ByteSource source_;
  const ModelState* global_;
  std::string origin_;
  Codec codec_ = Codec::kNone;
  std::vector<Entry> entries_;
};

}  // namespace consilium::fl
