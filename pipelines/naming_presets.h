#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "pipelines/convert_scans.h"

namespace consilium::pipelines {

bool is_naming_preset(std::string_view name);

/// The template that a preset uses for a series, to be filled like any other; nothing when it has no place for it.
///
/// "bids": sub-01/[ses-1/]anat/sub-01_T1w, ..., dwi, func (task "unknown") and pet; what BIDS has no name for is left out.
/// "nnunet": <subject>_0000: T1, T1ce, T2, FLAIR are 0 to 3; CT is 0 and PET 1. "brats": BraTS 2023, <subject>/<subject>-t1n, -t1c,
/// -t2w, -t2f. Source: BIDS 1.9; nnU-Net documentation, dataset_format.md; BraTS 2023 data description.
std::optional<std::string> preset_template(std::string_view preset, const imaging::Series& series);

}  // namespace consilium::pipelines
