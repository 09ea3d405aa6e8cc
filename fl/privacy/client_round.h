#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>

#include "fl/privacy/client_privacy.h"
#include "fl/round.h"
#include "fl/update.h"

namespace consilium::fl {

/// A site's part, before anything leaves it: its update no longer than the clip, and the same say as every other site's (one case for each group that it trained).
/// With an adaptive clip it says whether it was short enough ("within_clip").
void shorten(Update& update, const ClientPrivacy& privacy);

/// The clip of the round after these.
double current_clip(const ClientPrivacy& privacy, std::span<const RoundReport> history);

/// The coordinator's part with central noise: the next model. Writes epsilon, delta, clip, noise_multiplier and, where the clip adapts, next_clip into `sums`, which is part of the round's report.
/// `noise_multiplier`: of the whole, as noise_multiplier_of; `sites`: those that were asked.
ModelState private_round(const ClientPrivacy& privacy, double noise_multiplier, std::int64_t sites, const ModelState& global, std::span<const Update> updates, std::span<const RoundReport> history, std::map<std::string, double>& sums);

/// The same figures of a round whose noise came in shares; the sum has it already.
void note_shares(const ClientPrivacy& privacy, double noise_multiplier, std::int64_t rounds, const ShareGrid& grid, std::map<std::string, double>& sums);

/// Does the plan ask every site for a share of the noise?
bool asks_for_noise_shares(const RoundPlan& plan);
/// A site's noise on blocks of masked integers; the same at the same position under the same key, which is for one update of one round. @pre the plan asks for it
std::function<void(std::uint64_t position, std::span<std::uint64_t> integers)> noise_share_of(const RoundPlan& plan, std::int64_t dimensions, const NoiseKey& key);
/// By how much the noise of all shares may move a value of the sum: 64 of its standard deviations. 0 where there is none.
std::uint64_t noise_bound_of(const RoundPlan& plan, std::size_t sites);
ShareGrid share_grid_of(const ProtectionSettings& protection, std::int64_t dimensions);

}  // namespace consilium::fl
