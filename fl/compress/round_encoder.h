#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "fl/compress/delta.h"
#include "fl/round.h"

namespace consilium::fl {

/// Where a site keeps it, below its own folder.
inline std::filesystem::path compression_folder(const std::filesystem::path& site_folder) { return site_folder / "compression"; }

/// How many rounds a site may have missed and still use what it remembers.
inline constexpr std::int64_t kMostMissedRounds = 10;

/// A site's side of compression through the rounds. What codecs with error feedback remember lies in `folder`, one file per round
/// (feedback_after_ROUND.safetensors), so that a round that is repeated after a kill starts from the same memory: that of the
/// last round before in which the site sent an update. A site that has been away for longer than kMostMissedRounds starts with
/// none: the remainder was meant for a model that has gone on without it.
class RoundEncoder {
 public:
  RoundEncoder(std::string site, std::filesystem::path folder) : site_(std::move(site)), folder_(std::move(folder)) {}

  /// The update's weights as they travel, by the plan's codec; nothing where they travel as they are: without a codec, and when
  /// one of them is not finite, which no codec takes, so that the coordinator sees and rejects it. @throws as encode_delta;
  /// Error{kCannotWrite}
  std::optional<std::string> encode(const RoundPlan& plan, const ModelState& delta, const ModelState& global) const;

 private:
  std::filesystem::path file_of(std::int64_t round) const;
  /// The round whose memory this one starts from, if there is one.
  std::optional<std::int64_t> round_before(std::int64_t round) const;
  void remove_all_before(std::int64_t round) const;

  std::string site_;
  std::filesystem::path folder_;
};

}  // namespace consilium::fl
