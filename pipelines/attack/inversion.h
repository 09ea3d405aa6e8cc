#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>

#include "models/attack/victim.h"
#include "pipelines/attack/inversion_results.h"
#include "pipelines/attack/labelled_cases.h"

namespace consilium::pipelines {

struct InversionAttack {
  std::string channel = "FLAIR";
  double spacing_mm = 4;
  std::int64_t size = 16;         ///< of the cube around the tumour, voxels
  std::int64_t iterations = 400;
  std::int64_t sites = 3;         ///< of secure aggregation
  std::int64_t batch = 4;         ///< patients in one step
  std::int64_t steps = 4;         ///< local steps: each on another patient, under secure aggregation each on another cube of the site's patient
  double clip = 1;                ///< of the gradient of a patient, differential privacy
  double noise = 1;               ///< deviation of the noise, in clips
  std::uint64_t seed = 1;
};

/// Tries to make images out of updates: of one patient without protection, of several, of several steps, of secure sums, and of a clipped and noisy one. Cases beyond those that take
/// part are what an attacker has otherwise: the more there are, the higher the floor.
/// @throws Error{kUsage}; Error{kNotFound} fewer cases than take part; Error{kInterrupted}; as read_labelled_cases.
InversionResults attack_by_inversion(const LabelledFolder& source, const InversionAttack& attack, const std::atomic<bool>* stop = nullptr);

}  // namespace consilium::pipelines
