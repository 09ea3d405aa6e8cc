#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace consilium::pipelines {

struct ReplayedRound {
  std::int64_t entry = 0;        ///< 0: the model before the first round
  std::string recorded, again;   ///< digests; `again` is empty where the replay has no such round
};
struct Replay {
  std::vector<ReplayedRound> rounds;
  bool is_equal() const;
};

/// Runs the federation of a simulation anew, by the settings and the seed that its folder holds, and compares the model after each round with its ledger. Single-site and pooled models
/// are left out, and nothing is judged. Another processor or LibTorch may round otherwise; then it differs from the first round on.
/// `data`: the sites' folders, instead of the settings' own. `fold`: of a cross-validation.
/// @throws Error{kNotFound} no simulation, or no data; Error{kMismatch} the folder's settings are not those in the ledger; Error{kUnsupported} a federation without coordinator.
Replay replay_simulation(const std::filesystem::path& run, const std::filesystem::path& data, int fold, const std::atomic<bool>* stop = nullptr);

}  // namespace consilium::pipelines
