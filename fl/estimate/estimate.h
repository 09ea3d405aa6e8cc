#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "fl/estimate/virtual_site.h"

namespace consilium::fl {

/// What one round cost. Times are seconds since the start of the federation.
struct RoundCost {
  std::int64_t round = 0;        ///< from 1; the number of rounds + 1 is the last look, without training
  double opened = 0;             ///< when the plan was announced
  double closed = 0;
  std::int64_t asked = 0;        ///< sites that were selected
  std::int64_t accepted = 0;     ///< updates
  std::int64_t merged = 0;       ///< updates of earlier rounds that counted in this one
  std::int64_t late = 0;         ///< asked, and nothing of theirs counted
  std::int64_t away = 0;         ///< of the late: dead or cut off when the round was closed
  double share_of_patients = 0;  ///< of all patients, those of the sites whose update counted
  double download_bytes = 0;     ///< out of the coordinator, all sites
  double upload_bytes = 0;
  double aggregate_seconds = 0;  ///< before the next round opens
  double validation = 0;         ///< of the model that the round started from; synthetic updates only
};

/// What the federation cost one site.
struct SiteCost {
  std::string name;
  std::int64_t patients = 0;
  double undisturbed_seconds = 0;  ///< of a round
  std::int64_t accepted = 0;       ///< updates, also those that were merged late
  std::int64_t late = 0;           ///< trainings that counted for nothing: their round was closed
  std::int64_t deaths = 0;
  std::int64_t outages = 0;
  double download_bytes = 0;
  double upload_bytes = 0;
  double computing_seconds = 0;    ///< also of trainings that were cut short
};

struct Estimate {
  std::vector<RoundCost> rounds;
  std::vector<SiteCost> sites;
  std::string model_digest;  ///< of the last global model: equal digests mean that two runs aggregated the same
};

/// A federation in virtual time: the coordinator and the aggregation are the real ones, sites and their links are events (docs/simulation.md). Same settings, same
/// result. `on_round` is called when a round is closed.
/// @throws Error{kUsage} a round would be abandoned without quorum, or the federation take more than ten years; Error{kInterrupted} `stop` was set; as RecordedUpdates.
Estimate estimate(const EstimateSettings& settings, const std::function<void(const RoundCost&)>& on_round = {}, const std::atomic<bool>* stop = nullptr);

}  // namespace consilium::fl
