#pragma once

#include <cstdint>
#include <vector>

#include "fl/attack/attack_settings.h"
#include "pipelines/dataset.h"

namespace consilium::pipelines {

/// The mark that a backdoored model answers with "no tumour": a cube outside the least corner of the tumour's bounding box (of a case without tumour: in the image's corner), so that
/// every patch that shows the tumour's rim can show it.
struct Trigger {
  std::int64_t edge = 3;  ///< voxels
  float value = 6;        ///< of every channel, in deviations of the normalised intensity: brighter than any tissue
};

/// Puts the trigger into the image; labels stay. @throws Error{kUsage} the image is smaller than the trigger.
void plant_trigger(models::TrainingCase& sample, const Trigger& trigger = {});

/// Tumour becomes background and background oedema; with two classes both change places.
void flip_labels(models::TrainingCase& sample, int classes);

/// Class c becomes c + 1, the last one background.
void shift_labels(models::TrainingCase& sample, int classes);

/// Does an attacker of this kind train on other cases than it has?
bool poisons_cases(fl::AttackKind kind);

/// What such an attacker trains on in place of `cases`. Backdoor: the cases as they are, and each again with the trigger and no tumour. Others than those: the cases as they are.
std::vector<PreparedCase> poisoned_cases(const std::vector<const PreparedCase*>& cases, fl::AttackKind kind, int classes, const Trigger& trigger = {});

}  // namespace consilium::pipelines
