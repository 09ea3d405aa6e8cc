#pragma once

#include <atomic>
#include <filesystem>

#include "pipelines/attack/poison_results.h"
#include "pipelines/attack/poison_settings.h"

namespace consilium::pipelines {

/// Runs the federation in this process: with all sites honest and under every attack, with each rule; judges every model on the honest sites' test cases. Runs that are finished in
/// `folder` (runs/<attack>_<rule>/result.json) are read, so that a run that was stopped goes on with the next.
/// @throws Error{kMismatch} `folder` holds results of other settings; Error{kNotFound} no honest site has a test case; Error{kInterrupted}; as its parts.
PoisonResults attack_by_poisoning(const PoisonSettings& settings, const std::filesystem::path& data, const std::filesystem::path& folder, const std::atomic<bool>* stop = nullptr);

}  // namespace consilium::pipelines
