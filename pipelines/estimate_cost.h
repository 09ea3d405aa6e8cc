#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "fl/estimate/estimate.h"

namespace consilium::pipelines {

/// What a federation would cost, in the figures that a hospital asks for. The last look counts in the totals, not in the rounds.
struct CostSummary {
  double seconds_total = 0;
  double round_seconds_least = 0, round_seconds_median = 0, round_seconds_most = 0;
  double undisturbed_seconds_mean = 0;  ///< a site alone, in one round; no policy makes rounds shorter than this for a site that does its whole share
  double undisturbed_seconds_most = 0;
  double share_of_updates = 0;          ///< that counted, of those that were asked for
  double share_of_patients = 0;         ///< mean over rounds, of those whose site took part
  std::vector<std::string> never;       ///< sites of which no update was accepted
  double site_download_bytes = 0;       ///< mean over sites, of the whole federation
  double site_upload_bytes = 0;
  double sent_bytes = 0;                ///< by the coordinator
  double received_bytes = 0;
  double memory_bytes = 0;              ///< of the coordinator
  double disk_bytes = 0;                ///< of the coordinator: updates of a round, and models
};

/// Simulates the federation in virtual time (fl/estimate) and writes RUN/settings.json, RUN/estimate.json, RUN/rounds.csv and RUN/sites.csv. Same settings, same bytes.
/// @throws Error{kMismatch} the folder holds another estimate; and as fl::estimate.
CostSummary estimate_cost(const fl::EstimateSettings& settings, const std::filesystem::path& run, const std::atomic<bool>* stop = nullptr);

CostSummary summarise(const fl::EstimateSettings& settings, const fl::Estimate& estimate);
/// Content of estimate.json.
Json to_json(const CostSummary& summary, const fl::EstimateSettings& settings, const std::string& model_digest);
/// For a terminal.
std::string to_text(const CostSummary& summary, const fl::EstimateSettings& settings);

}  // namespace consilium::pipelines
