#include "fl/privacy/client_round.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "fl/aggregate/private_mean.h"
#include "fl/privacy/clip.h"

namespace consilium::fl {
namespace {

NoiseKey round_key(const ClientPrivacy& privacy, std::size_t round) { return privacy.seed ? NoiseKey::from_seed(*privacy.seed, "round " + std::to_string(round)) : NoiseKey::random(); }

}  // namespace

void shorten(Update& update, const ClientPrivacy& privacy) {
  const double norm = clip_l2(update.delta, privacy.clip);
  for (auto& [group, cases] : update.cases_per_group) cases = std::min<std::int64_t>(cases, 1);
  if (privacy.adaptive) update.metrics["within_clip"] = norm <= privacy.clip ? 1 : 0;
}

double current_clip(const ClientPrivacy& privacy, std::span<const RoundReport> history) {
  for (auto report = history.rbegin(); report != history.rend() && privacy.adaptive; ++report)
    if (const auto next = report->sums.find("next_clip"); next != report->sums.end()) return next->second;
  return privacy.clip;
}

ModelState private_round(const ClientPrivacy& privacy, double noise_multiplier, std::int64_t sites, const ModelState& global, std::span<const Update> updates, std::span<const RoundReport> history, std::map<std::string, double>& sums) {
  const double clip = current_clip(privacy, history);
  double on_updates = noise_multiplier, on_count = 0;
  if (privacy.adaptive) {
    on_count = count_noise_of(*privacy.adaptive, sites);
    on_updates = noise_multiplier_beside_count(noise_multiplier, on_count);
  }
  NoiseStream noise(round_key(privacy, history.size()));
  ModelState next = private_mean(global, updates, {clip, on_updates, sites}, noise);
  sums["clip"] = clip;
  sums["noise_multiplier"] = on_updates;
  sums["epsilon"] = epsilon_after(privacy, noise_multiplier, static_cast<std::int64_t>(history.size()) + 1);
  sums["delta"] = privacy.delta;
  if (!privacy.adaptive) return next;
  // The sites' bits, not the lengths of what came: these were shortened before.
  double within = 0;
  for (const Update& update : updates)
    if (const auto bit = update.metrics.find("within_clip"); bit != update.metrics.end()) within += bit->second >= 0.5 ? 1 : 0;
  sums["next_clip"] = next_clip(clip, within + on_count * noise.normal(), sites, *privacy.adaptive);
  return next;
}

void note_shares(const ClientPrivacy& privacy, double noise_multiplier, std::int64_t rounds, const ShareGrid& grid, std::map<std::string, double>& sums) {
  sums["clip"] = privacy.clip;
  sums["noise_multiplier"] = noise_multiplier;
  sums["epsilon"] = epsilon_after(privacy, noise_multiplier, rounds, grid);
  sums["delta"] = privacy.delta;
}

ShareGrid share_grid_of(const ProtectionSettings& protection, std::int64_t dimensions) {
  return {dimensions, std::ldexp(1.0, static_cast<int>(protection.secure_aggregation->fraction_bits)), protection.secure_aggregation->threshold};
}

bool asks_for_noise_shares(const RoundPlan& plan) {
  return plan.protection.privacy && plan.protection.secure_aggregation && plan.protection.privacy->noise != ClientNoise::kCentral && !plan.is_last_look();
}

std::function<void(std::uint64_t, std::span<std::uint64_t>)> noise_share_of(const RoundPlan& plan, std::int64_t dimensions, const NoiseKey& key) {
  require(asks_for_noise_shares(plan), ErrorCode::kUsage, "the plan asks for no shares of noise");
  const ProtectionSettings& protection = plan.protection;
  const double noise_multiplier = noise_multiplier_of(*protection.privacy, plan.rounds);
  return [privacy = *protection.privacy, grid = share_grid_of(protection, dimensions), noise_multiplier, key](std::uint64_t position, std::span<std::uint64_t> integers) {
    NoiseStream stream(key.derive("values from " + std::to_string(position)));
    add_noise_share(integers, privacy, noise_multiplier, privacy.clip, grid, stream);
  };
}

std::uint64_t noise_bound_of(const RoundPlan& plan, std::size_t sites) {
  const ProtectionSettings& protection = plan.protection;
  if (!protection.privacy || !protection.secure_aggregation || protection.privacy->noise == ClientNoise::kCentral) return 0;
  const ShareGrid grid = share_grid_of(protection, 1);
  const double counted = std::max(1.0, static_cast<double>(grid.sites - protection.privacy->colluding));
  return static_cast<std::uint64_t>(64 * noise_multiplier_of(*protection.privacy, plan.rounds) * protection.privacy->clip * grid.scale * std::sqrt(static_cast<double>(sites) / counted)) + 1;
}

}  // namespace consilium::fl
