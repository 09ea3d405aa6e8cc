#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/rng.h"
#include "base/settings.h"
#include "models/training_case.h"

namespace consilium::models {

class Segmenter;

/// How far and how hard an image is changed so that the loss grows, in the maximum norm: no voxel moves by more than `eps`.
struct AdversarialOptions {
  double eps = 0;            ///< in deviations of the normalised intensity; 0: no change. 0.01 is invisible, 0.1 visible
  std::int64_t steps = 2;    ///< 1: FGSM, one step of eps from the image itself; more: PGD, from a random start in steps of 2.5 eps / steps

  bool operator==(const AdversarialOptions&) const = default;
};

/// @throws Error{kUsage} naming the field below `path`.
void validate(const AdversarialOptions& options, const std::string& path);
/// JSON keys are the field names. @throws Error{kUsage}
void read_adversarial_options(SettingsReader& reader, AdversarialOptions& options);
Json to_json(const AdversarialOptions& options);

struct AttackedCase {
  std::vector<float> image;    ///< in the case's layout
  double loss_before = 0;      ///< mean over the tiles
  double loss_after = 0;
  double gradient_share = 0;   ///< of voxels at which the loss has a gradient: a model that only seems robust hides it (arXiv:1802.00420)
};

/// The case's image, changed against this model within its reference: patch by patch, as the image would not fit at once. What windows that overlap see is changed for
/// one of them only, so an attacker may do somewhat better. Same Rng, same bytes.
/// Source: Goodfellow et al. 2015 (FGSM, arXiv:1412.6572); Madry et al. 2018 (PGD, arXiv:1706.06083).
/// @throws Error{kMismatch} as validate(TrainingCase).
AttackedCase attack_case(Segmenter& segmenter, const TrainingCase& sample, const std::array<std::int64_t, 3>& patch, bool regions, const AdversarialOptions& options, const Rng& rng);

/// Mean loss of the model over the patches of a case that show foreground; over all where none does. What an attacker of membership measures.
double case_loss(Segmenter& segmenter, const TrainingCase& sample, const std::array<std::int64_t, 3>& patch, bool regions);

}  // namespace consilium::models
