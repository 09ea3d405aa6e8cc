#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "pipelines/attack/adversarial_results.h"
#include "pipelines/attack/labelled_cases.h"
#include "pipelines/segment.h"

namespace consilium::pipelines {

struct AdversarialAttack {
  std::vector<double> eps{0.01, 0.03, 0.1};  ///< deviations of the normalised intensity, each above 0
  std::int64_t steps = 10;                   ///< of PGD
  std::uint64_t seed = 1;                    ///< of its random starts
};

/// FGSM and PGD at each distance against the model, judged as predictions are: whole images, on the scanner's grid.
/// @throws Error{kUsage}; Error{kInterrupted}; as its parts.
AdversarialResults attack_with_changed_images(const LoadedModel& model, const std::vector<PreparedCase>& cases, const AdversarialAttack& attack, const std::atomic<bool>* stop = nullptr);

}  // namespace consilium::pipelines
