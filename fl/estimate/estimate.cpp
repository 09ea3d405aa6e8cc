#include "fl/estimate/estimate.h"

#include "base/stop.h"
#include "fl/estimate/virtual_federation.h"

namespace consilium::fl {

Estimate estimate(const EstimateSettings& settings, const std::function<void(const RoundCost&)>& on_round, const std::atomic<bool>* stop) {
  validate(settings);
  const auto updates = make_update_source(settings.updates, settings.seed);
  VirtualFederation federation(settings, *updates);
  std::vector<RoundCost> rounds;
  while (!federation.is_finished()) {
    throw_if_stopped(stop);
    if (const auto closed = federation.step()) {
      rounds.push_back(*closed);
      if (on_round) on_round(*closed);
    }
  }
  Estimate result = federation.result();
  result.rounds = std::move(rounds);
  return result;
}

}  // namespace consilium::fl
