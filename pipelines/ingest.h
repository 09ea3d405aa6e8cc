#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "imaging/label_scheme.h"
#include "pipelines/align_case.h"
#include "pipelines/case.h"
#include "pipelines/normalise.h"

namespace consilium::pipelines {

/// What a file name says: a channel ("T1", "T1ce", "T2", "FLAIR", "CT", "PET", "MR"), "labels", or nothing.
///
/// Read are BraTS 2021 and 2023 (t1, t1n, t1ce, t1c, t1gd, t2, t2w, flair, t2f, seg), BIDS (T1w, ce-<agent>_T1w, T2w, FLAIR, dseg) and plain
/// words (ct, pet, mr, label, mask), after the last '_' or '-', in either case, with or without "_bet".
std::string recognise_channel(std::string_view file_name);

/// Channel, or "labels" -> pattern of file names (`*` and `?`), for archives with names of their own: {"FLAIR": "*_flair_reg.nii.gz"}.
using FilePatterns = std::map<std::string, std::string>;

/// The cases below a site's folder, by name: every folder that holds recognised NIfTI files (BIDS: in its anat, ct and pet folders), or a
/// folder named "dicom", or an nnU-Net raw dataset (dataset.json with imagesTr and labelsTr). Folders "train" and "test" give the split.
/// A folder right below the site's, "train" or "test" that holds DICOM files at any depth and no such case is a case as well: an archive. When
/// these folders are the series of one examination, the folder above is the case. Patterns, where given, take the place of the usual names.
/// @throws Error{kNotFound} no such folder, or no case in it; Error{kMismatch} two files of one channel in one case, or two cases of one name.
std::vector<CasePaths> find_cases(const std::filesystem::path& site_folder, const FilePatterns& patterns = {});

struct LoadOptions {
  bool may_lack = false;    ///< a channel that the case does not have is left out, as long as one is there
  bool labels = true;       ///< read them where there are any
  std::string reference{};  ///< whose frame of reference is kept; empty, or not there: the first of the channels that is
  AlignOptions align{};     ///< images of other frames of reference
};

/// What the settings of normalising say about reading.
LoadOptions load_options(const NormaliseOptions& options);

/// Reads the wanted channels of a case, and its labels where there are any. Channels without a NIfTI file come from the case's DICOM series
/// (choose_series.h), PET as SUV by body weight, images of several frames of reference registered (align_case.h); labels without a NIfTI file
/// come from contours or a segmentation of these series (dicom_labels.h).
/// @throws Error{kNotFound} naming the case, the channel that is missing and those that are there; as read_nifti, choose_series, to_suv,
/// load_series, dicom_labels and align.
Case load_case(const CasePaths& paths, const std::vector<std::string>& channels, const imaging::LabelScheme& scheme, const LoadOptions& options = {});

}  // namespace consilium::pipelines
