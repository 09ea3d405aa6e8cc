#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "imaging/dicom/rtstruct_mask.h"
#include "imaging/dicom/scan.h"
#include "imaging/dicom/seg_read.h"
#include "pipelines/segments_json.h"

namespace consilium::pipelines {

struct StructureFileOptions {
  bool each = false;     ///< a mask (0, 1) per segment instead of label maps
  std::string scheme = {};  ///< brain tumours: one label map in the numbers of this label scheme; empty: each segment's own label
  int compression = 6;   ///< 1 to 9 for .nii.gz; 0: .nii
  bool overwrite = false;
};

/// What was written.
struct StructureFiles {
  std::vector<std::filesystem::path> images;
  std::filesystem::path description;  ///< JSON, "consilium.segments/1"
  Geometry geometry;
  std::vector<std::string> notes;
};

/// Segments as NIfTI and what they are as JSON. `stem` is the path without ending.
///
/// A label map, STEM.nii.gz; where segments overlap several, STEM_1.nii.gz, ...; fractional segmentations one image per segment,
/// STEM_NAME.nii.gz, with fractions as 8-bit numbers and scl_slope. STEM.json says which segment is which label of which file.
/// `images`: the series that was segmented, or nothing; with it, labels fill its grid.
/// @throws Error{kMismatch} a scheme that the segments do not fit; Error{kCannotWrite} a file exists and `overwrite` is not set;
/// what reading the segmentation throws.
StructureFiles write_structures(const imaging::SegFile& seg, const imaging::Series* images, const std::filesystem::path& stem,
                                const StructureFileOptions& options = {});
/// Contours on the grid of the series that they were drawn on.
StructureFiles write_structures(const imaging::ContourSet& contours, const imaging::Series& images, const std::filesystem::path& stem,
                                const StructureFileOptions& options = {});

/// The series that a structure refers to: by Series Instance UID, else the only one there is (`uids` empty or not among them, and
/// `may_guess`). Null when there is none.
const imaging::Series* images_of(const std::vector<std::string>& uids, const imaging::Study& study, bool may_guess);

}  // namespace consilium::pipelines
