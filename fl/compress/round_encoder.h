#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "fl/compress/delta.h"
#include "fl/round.h"

namespace consilium::fl {

/// Where a site keeps it, below its own folder.
inline std::filesystem::path compression_folder(const std::filesystem::path& site_folder) { return site_folder / "compression"; }

/// A site's side of compression through the rounds. What codecs with error feedback remember lies in `folder`, one file per round
/// (feedback_after_ROUND.safetensors), so that a round that is repeated after a kill starts from the same memory. A site that
/// missed a round starts with none: what was left out of an update is of no use for a model that has gone on without it.
class RoundEncoder {
 public:
  RoundEncoder(std::string site, std::filesystem::path folder) : site_(std::move(site)), folder_(std::move(folder)) {}

  /// The update's weights as they travel, by the plan's codec; nothing where they travel as they are: without a codec, and when
  /// one of them is not finite, which no codec takes, so that the coordinator sees and rejects it. @throws as encode_delta;
  /// Error{kCannotWrite}
  std::optional<std::string> encode(const RoundPlan& plan, const ModelState& delta, const ModelState& global) const;

 private:
  std::filesystem::path file_of(std::int64_t round) const;

  std::string site_;
  std::filesystem::path folder_;
};

}  // namespace consilium::fl
