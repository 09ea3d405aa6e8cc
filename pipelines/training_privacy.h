#pragma once

#include <cstdint>
#include <string>

#include "base/settings.h"
#include "fl/privacy/accountant.h"

namespace consilium::pipelines {

/// Where a private site's noise comes from.
enum class NoiseOrigin {
  kSecret,  ///< the site's own secret, from the system's CSPRNG
  kSeeded,  ///< the training's seed, which every site and the coordinator know: whoever has it can take the noise off again. Tests and simulations only
};

/// What a private site tells of its validation, which DP-SGD does not cover.
enum class PrivateValidation {
  kOff,    ///< nothing: the last model is the federation's result
  kNoisy,  ///< the score with noise of deviation validation_noise on the sum over its cases; charged to the ledger
  kPlain,  ///< the score as it is: outside any guarantee
};

/// DP-SGD at a federation's sites (models/private_steps.h): the guarantee of docs/privacy.md for each patient of a site.
struct TrainingPrivacy {
  double clip = 0;              ///< L2 bound of a case's gradient; 0: no differential privacy
  double noise_multiplier = 0;  ///< noise's deviation over clip; 0: as `epsilon` asks
  double epsilon = 0;           ///< of all rounds together, at `delta`: the noise follows from it; 0: as noise_multiplier says
  double delta = 1e-3;          ///< below 1 / cases of the smallest site
  fl::Accountant accountant = fl::Accountant::kPld;
  double sampling_rate = 0.5;   ///< chance of a case to be in a step
  int patches = 2;              ///< of a case in a step, together one example
  NoiseOrigin noise = NoiseOrigin::kSecret;
  PrivateValidation validation = PrivateValidation::kOff;
  double validation_noise = 0;  ///< with kNoisy

  bool operator==(const TrainingPrivacy&) const = default;
};

inline bool is_private(const TrainingPrivacy& privacy) { return privacy.clip > 0; }

/// JSON keys are the field names. @throws Error{kUsage}
void read_training_privacy(SettingsReader& reader, TrainingPrivacy& privacy);
Json to_json(const TrainingPrivacy& privacy);

/// What else of a training may not go together with privacy.
struct TrainingTraits {
  bool is_clustered = false;
  bool reports_losses = false;  ///< of the global model, for qfedavg
};
/// @throws Error{kUsage} what would tell more than the guarantee covers, and why.
void require_consistent(const TrainingPrivacy& privacy, const TrainingTraits& training, const std::string& path);

/// The noise multiplier of a training of so many steps, as `epsilon` asks, or as given. @throws as fl::noise_multiplier_for.
double noise_multiplier_of(const TrainingPrivacy& privacy, std::int64_t steps);

/// What `cases` patients say in all steps together, each at most `clip` long in a step, over the length of the noise on the numbers that are trained: cases q sqrt(steps) / (z sqrt(numbers)).
/// Far below 1 nothing is learnt (docs/privacy.md, few patients).
double signal_to_noise(const TrainingPrivacy& privacy, double noise_multiplier, std::int64_t steps, std::size_t cases, std::int64_t numbers);

}  // namespace consilium::pipelines
