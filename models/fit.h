#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "models/attack/adversarial.h"
#include "models/augment.h"
#include "models/local_terms.h"
#include "models/optimiser.h"
#include "models/partial_labels.h"
#include "models/precision.h"
#include "models/private_steps.h"
#include "models/segmenter.h"
#include "models/training_case.h"

namespace consilium::models {

struct FitOptions {
  std::array<std::int64_t, 3> patch{48, 48, 48};  ///< D, H, W voxels, each a multiple of the network's stride
  int batch = 2;
  double foreground_share = 0.5;    ///< of the patches are drawn around foreground, [0, 1]
  bool regions = false;             ///< Dice + binary cross-entropy on WT, TC, ET (sigmoid) instead of Dice + cross-entropy on labels
  Precision precision = Precision::kFloat32;
  PartialLabelOptions partial_labels{};
  OptimiserOptions optimiser{};
  AugmentOptions augment{};
  AdversarialOptions adversarial{};  ///< trains on images changed against the network as it is; a step costs `steps` more. eps 0: off
};

/// @throws Error{kUsage} naming the field. A batch takes at most 2^28 voxels: more than any device holds, and less than a mistyped size asks for.
void validate(const FitOptions& options);

/// JSON keys are the field names. @throws Error{kUsage}
void read_fit_options(SettingsReader& reader, FitOptions& options);
Json to_json(const FitOptions& options);

/// Steps [first, first + count) of a training of `total` steps, over which the learning rate falls.
struct StepRange {
  std::int64_t first = 0;
  std::int64_t count = 0;
  std::int64_t total = 0;
};

/// Mean deepest fused feature of a class at a site, over the patches that training drew.
struct ClassMean {
  std::int64_t count = 0;  ///< cases that have the class
  std::vector<float> values{};

  bool operator==(const ClassMean&) const = default;
};

struct FitReport {
  double first_loss = 0;
  double last_loss = 0;  ///< mean over the last tenth of the steps
  double mean_loss = 0;
  std::int64_t steps = 0;
  double rates = 0;            ///< sum of the steps' learning rates
  std::map<std::string, ClassMean> class_means{};           ///< by the name of the output, as in "anchors.NAME"; with modalities, where anchors count for something and steps are not private
  std::map<std::string, std::int64_t> cases_per_group{};    ///< with modalities: how many cases trained each group; one with 0 is as it was, bit for bit
  ModelState mean_gradient{};  ///< of the loss alone, over the steps; empty unless terms.record_gradient
};

/// Trains on Dice plus cross-entropy (all deep-supervision levels, weights halved per level). `on_step(step, loss)` is called after each
/// step; `terms`: what a federation's site adds; `teacher`: for the distillation of what a
/// partial reference leaves open; `privacy`: steps by DP-SGD, whose losses (0 for a batch without cases) are the site's own business. Step n draws from `rng.fork(n)`, so a training in several ranges equals one in a single range, byte for byte with one thread, when
/// `state` (the optimiser's memory, updated) is handed from range to range.
/// @throws Error{kUsage} an option out of range or no case; Error{kMismatch} naming the case; Error{kUnexpected} a loss that is not finite,
/// naming the step; as on_device: the device failed or is too small.
FitReport fit(Segmenter& segmenter, std::span<const TrainingCase> cases, const StepRange& range, const FitOptions& options, const Rng& rng, OptimiserState* state = nullptr,
              const std::function<void(std::int64_t step, double loss)>& on_step = {}, const LocalTerms& terms = {}, const Segmenter* teacher = nullptr, const PrivateSteps& privacy = {});

/// Mean loss of the network as it is, over `batches` batches drawn from `rng` as in training, without augmentation.
/// @throws as fit.
double mean_loss(Segmenter& segmenter, std::span<const TrainingCase> cases, std::int64_t batches, const FitOptions& options, const Rng& rng);

}  // namespace consilium::models
