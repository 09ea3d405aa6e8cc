#pragma once

#include "base/settings.h"

namespace consilium::models {

/// How references that do not tell every class apart (label_sets.h) train.
enum class PartialLabels {
  kMarginal,  ///< loss on what they tell apart (loss_marginal.h)
  kNaive,     ///< as if they were complete: what is not marked is background. For comparison
};

struct PartialLabelOptions {
  PartialLabels loss = PartialLabels::kMarginal;
  double exclusion_weight = 0;     ///< of loss_exclusion.h; 1 as Shi et al. 2021
  double distillation_weight = 0;  ///< of loss_distillation.h; 1 as ConDistFL
  double temperature = 0.5;        ///< of the distillation, as ConDistFL

  bool operator==(const PartialLabelOptions&) const = default;
};

/// @throws Error{kUsage} naming the field.
void validate(const PartialLabelOptions& options);
/// JSON keys are the field names. @throws Error{kUsage}
void read_partial_label_options(SettingsReader& reader, PartialLabelOptions& options);
Json to_json(const PartialLabelOptions& options);

}  // namespace consilium::models
