#pragma once

#include <string>

#include "base/settings.h"
#include "fl/selection.h"

namespace consilium::fl {

/// What becomes of an update whose round was closed before it came.
enum class LateUpdates {
  kRefuse,  ///< it is answered "stale"; the site goes on with the open round
  kMerge,   ///< it counts in the open round, by staleness_discount, if it is at most `most_staleness` rounds old
};

/// When a round is opened for whom, and when it is closed. Beside it stand `quorum` and `deadline_seconds`.
///
/// With `close_after` B and late updates merged this is FedBuff (Nguyen et al. 2022, arXiv:2106.06639): the model steps whenever B updates have come, whichever they are.
/// With a short deadline, a quorum of 1 and late updates merged it is semi-synchronous: the model steps by the clock. Neither gives the same bytes twice: what a step
/// holds depends on who was quick.
struct RoundPolicy {
  std::int64_t close_after = 0;          ///< updates that close a round; 0: of every site that was asked
  LateUpdates late = LateUpdates::kRefuse;
  std::int64_t most_staleness = 3;       ///< rounds
  double start_seconds = 0;              ///< the deadline of the first round, in which sites may still be installing; 0: as of the others
  double cases_quorum = 0.5;             ///< at the deadline the sites that answered must own this share of the cases that are known, else the round waits as long again; [0, 1]
  double abandon_seconds = 604800;       ///< a round without quorum for so long ends the run
  Selection selection{};

  bool operator==(const RoundPolicy&) const = default;
};

/// JSON keys are the field names. @throws Error{kUsage}
void read_round_policy(SettingsReader& reader, RoundPolicy& policy);
Json to_json(const RoundPolicy& policy);
/// `sites`: how many there are. @throws Error{kUsage} naming the field below `path`.
void validate(const RoundPolicy& policy, std::size_t sites, const std::string& path);

/// What an update that is `rounds` old counts for: (1 + rounds)^-1/2. Source: Nguyen et al. 2022, section 5.1.
double staleness_discount(std::int64_t rounds);

}  // namespace consilium::fl
