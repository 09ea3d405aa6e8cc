#pragma once

#include <filesystem>
#include <vector>

#include "pipelines/convert_scans.h"

namespace consilium::pipelines {

/// dataset.json of nnU-Net 2 for images that were written by the names "nnunet": beside them, or above them when their folder is called
/// imagesTr or imagesTs.
///
/// One that is there is brought up to date: channels that are new and the number of training cases change, all other keys stay
/// (labels, above all, which images do not tell: a new file has background alone). Cases that lack a channel are warned of.
/// Returns its path, or an empty one when no image has a channel.
/// @throws Error{kMismatch} two channels of one number, as T1 and CT have, or other channels or another file ending in the file that is
/// there; Error{kUsage} it is not nnU-Net's; Error{kCannotWrite}.
/// Source: nnU-Net 2, documentation/dataset_format.md.
std::filesystem::path write_nnunet_dataset(std::vector<ConvertReport::Written>& written, const std::filesystem::path& output);

}  // namespace consilium::pipelines
