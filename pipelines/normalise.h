#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/settings.h"
#include "imaging/ops/intensity.h"
#include "pipelines/align_case.h"
#include "pipelines/case.h"

namespace consilium::pipelines {

/// What a case without one of the channels is. A case without any is refused everywhere.
enum class Missing {
  kRefuse,
  kZero,    ///< an image of zeros, which a network cannot tell from a channel that is there: early fusion
  kAbsent,  ///< left out: `present` says so, and nobody reads its zeros
};

/// How a case becomes what a network reads.
struct NormaliseOptions {
  std::vector<std::string> channels{"T1", "T1ce", "T2", "FLAIR"};  ///< order of the network's inputs
  std::string reference{};         ///< channel whose grid the others follow; empty, or missing in a case: the first that is there
  Missing missing = Missing::kRefuse;
  Registration registration = Registration::kRefuse;  ///< of images whose scanners' positions are not those of the reference (align_case.h)
  Vec3 spacing_mm{0, 0, 0};        ///< voxels to resample to, 0.1 to 50; 0: the reference's own along that axis
  bool crop = true;                ///< to the head (MR: Otsu's threshold, else what is not 0)
  double clip_percentile = 0.5;    ///< MR: both tails of the intensities, clipped before the z-score, [0, 50)
  imaging::CtWindow ct_window{};   ///< CT -> [0, 1], then 0.5 is taken away: zero is the middle of the window
  double pet_scale_suv = 5;        ///< PET: SUV divided by this, so that tumour is near 1
};

/// JSON keys are the field names. @throws Error{kUsage}
void read_normalise_options(SettingsReader& reader, NormaliseOptions& options);
Json to_json(const NormaliseOptions& options);
/// @throws Error{kUsage} naming the field below `path`.
void validate(const NormaliseOptions& options, const std::string& path = "normalise");

/// Channels on one grid, axes turned to LPS, intensities comparable between scanners. A type of its own, so that nobody forgets the step.
struct NormalisedCase {
  std::string name;
  Geometry grid;
  std::string reference;           ///< the channel whose grid it is
  std::vector<std::string> channels;
  std::vector<Volume> images;      ///< in the order of `channels`, each on `grid`; zeros where the case lacks it
  std::vector<bool> present;       ///< in the order of `channels`
  std::optional<LabelMap> labels;  ///< on `grid`, nearest neighbour
  Geometry native;                 ///< where predictions go back to: the labels' own grid, or the reference channel's
};

/// MR: clipped, then z-score over the head (over voxels that are not 0, when more than a tenth are 0: skull-stripped or masked images).
/// Voxels that are no finite number count as air.
/// @throws Error{kNotFound} a channel is missing and `missing` refuses that, or all are; Error{kMismatch} images and labels of one case do not overlap; Error{kUsage} as validate.
NormalisedCase normalise(const Case& raw, const NormaliseOptions& options = {});

/// Class probabilities (one Volume per class, on the grid of the normalised case) -> labels on its native grid: interpolated linearly, the
/// largest wins, class 0 outside. Every label is the class number.
LabelMap restore(std::span<const Volume> probabilities, const Geometry& native);

}  // namespace consilium::pipelines
