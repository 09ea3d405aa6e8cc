#pragma once

#include <atomic>
#include <filesystem>

#include "pipelines/federation_request.h"
#include "pipelines/run_results.h"

namespace consilium::pipelines {

/// Trains single-site, pooled and federated models with equal steps, judges each on every site's test cases, and writes
/// RUN/results.json, RUN/models/[fold_<n>/]<model>.safetensors, RUN/predictions/<model>/<site>/<case>.nii.gz, and references and images for the pictures.
/// Started again, it goes on where it stopped. Several ranks on one folder share trainings, sites, rounds and predictions (pipelines/crew.h); every rank returns the results, one writes them.
/// @throws Error{kMismatch} the folder holds another simulation; Error{kNotFound} there is nothing to judge by; Error{kInterrupted} `stop` was
/// set; and as its parts.
RunResults simulate(const SimulationSettings& settings, const std::filesystem::path& data, const std::filesystem::path& run, const RunFederation& federate, const std::atomic<bool>* stop = nullptr,
                    const Rank& rank = {});

}  // namespace consilium::pipelines
