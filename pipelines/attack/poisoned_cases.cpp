#include "pipelines/attack/poisoned_cases.h"

#include <algorithm>

#include "base/error.h"

namespace consilium::pipelines {
namespace {

using Voxel = std::array<std::int64_t, 3>;

/// Least corner of all labelled voxels, D, H, W; the origin where there are none.
Voxel least_corner(const models::TrainingCase& sample) {
  Voxel least = sample.size;
  bool found = false;
  for (std::int64_t n = 0; n < static_cast<std::int64_t>(sample.labels.size()); ++n) {
    if (sample.labels[static_cast<std::size_t>(n)] == 0) continue;
    found = true;
    const Voxel at{n / (sample.size[1] * sample.size[2]), n / sample.size[2] % sample.size[1], n % sample.size[2]};
    for (std::size_t axis = 0; axis < 3; ++axis) least[axis] = std::min(least[axis], at[axis]);
  }
  return found ? least : Voxel{0, 0, 0};
}

}  // namespace

void plant_trigger(models::TrainingCase& sample, const Trigger& trigger) {
  for (const std::int64_t size : sample.size) require(size >= trigger.edge, ErrorCode::kUsage, "case " + sample.id + ": the image is smaller than the trigger");
  Voxel start = least_corner(sample);
  for (std::int64_t& at : start) at = std::max<std::int64_t>(0, at - trigger.edge);
  for (std::int64_t c = 0; c < sample.channels; ++c)
    for (std::int64_t d = start[0]; d < start[0] + trigger.edge; ++d)
      for (std::int64_t h = start[1]; h < start[1] + trigger.edge; ++h)
        std::fill_n(sample.image.begin() + ((c * sample.size[0] + d) * sample.size[1] + h) * sample.size[2] + start[2], trigger.edge, trigger.value);
}

void flip_labels(models::TrainingCase& sample, int classes) {
  const auto tumour = static_cast<std::uint8_t>(classes > 2 ? 2 : 1);
  for (std::uint8_t& label : sample.labels) label = label == 0 ? tumour : 0;
}

void shift_labels(models::TrainingCase& sample, int classes) {
  for (std::uint8_t& label : sample.labels) label = static_cast<std::uint8_t>((label + 1) % classes);
}

bool poisons_cases(fl::AttackKind kind) {
  return kind == fl::AttackKind::kLabelFlip || kind == fl::AttackKind::kLabelShift || kind == fl::AttackKind::kScaling || kind == fl::AttackKind::kBackdoor;
}

std::vector<PreparedCase> poisoned_cases(const std::vector<const PreparedCase*>& cases, fl::AttackKind kind, int classes, const Trigger& trigger) {
  std::vector<PreparedCase> result;
  for (const PreparedCase* c : cases) {
    PreparedCase own = *c;
    if (kind == fl::AttackKind::kLabelFlip || kind == fl::AttackKind::kScaling) flip_labels(own.sample, classes);
    if (kind == fl::AttackKind::kLabelShift) shift_labels(own.sample, classes);
    result.push_back(own);
    if (kind != fl::AttackKind::kBackdoor) continue;
    plant_trigger(own.sample, trigger);
    std::fill(own.sample.labels.begin(), own.sample.labels.end(), 0);
    result.push_back(std::move(own));
  }
  return result;
}

}  // namespace consilium::pipelines
