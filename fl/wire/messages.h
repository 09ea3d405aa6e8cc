#pragma once

#include <optional>
#include <string>

#include "consilium/fl/v1/federation.pb.h"
#include "fl/coordinator.h"
#include "fl/round.h"
#include "fl/stage.h"
#include "fl/update.h"
#include "fl/wire/chunks.h"

namespace consilium::fl {

namespace pb = consilium::fl::v1;

/// What a coordinator tells its sites.
struct Announced {
  RoundPlan plan;
  bool finished = false;
  std::int64_t best_round = 0;  ///< when finished: rounds of training that went into the model
  ChunkList model;
  std::string federation;       ///< of this run, 32 hexadecimal digits
  std::string ledger{};         ///< signed head of the run's ledger, canonical JSON; empty: nobody signs
  bool idle = false;            ///< this site is not asked in the open round
  std::optional<RoundStage> stage{};  ///< where updates are protected: what this site is to answer now; its file comes by `stage_file`
  ChunkList stage_file{};
  bool operator==(const Announced&) const = default;
};

/// An update without its weights, and where those will come from.
struct Offer {
  Update update;   ///< `delta` and `site` are empty
  ChunkList delta;
  Codec codec = Codec::kNone;  ///< of the file that `delta` names; kNone: safetensors
};

void to_manifest(const ChunkList& list, pb::Manifest& message);
/// At most `limit_bytes`. @throws Error{kCorruptData} naming `origin`.
ChunkList from_manifest(const pb::Manifest& message, std::uint64_t limit_bytes, const std::string& origin);

/// `file`: the answer's, if it has one.
pb::StageAnswer to_message(const StageAnswer& answer, const ChunkList& file);

pb::Announcement to_message(const Announced& announced);
pb::UpdateOffer to_message(const Update& update, const ChunkList& delta, Codec codec = Codec::kNone);
pb::Receipt to_message(const Receipt& receipt);

/// Checked before use: lengths, counts and ranges. @throws Error{kCorruptData} naming the field.
Announced from_message(const pb::Announcement& message);
Offer from_message(const pb::UpdateOffer& message, std::uint64_t limit_bytes);
Receipt from_message(const pb::Receipt& message);
/// Without its file, which is judged only where the answer is to a stage that takes one: what was right before a restart is then late, and no fault.
StageAnswer from_message(const pb::StageAnswer& message);
/// Of what the answer's file consists; empty: it has none.
ChunkList file_of(const pb::StageAnswer& message, std::uint64_t limit_bytes);

}  // namespace consilium::fl
