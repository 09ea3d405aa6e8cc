#pragma once

#include <functional>

#include "pipelines/convert_scans.h"
#include "pipelines/structure_files.h"

namespace consilium::pipelines {

/// Writes the segmentations and contours among the files of a study on the grids of the series beside them, into `report`.
///
/// `name_of` gives the path of a .nii or .nii.gz for the header of one. Label maps are turned and resampled as the images are. What cannot be written is told in `report.failed`.
void convert_structures(const std::filesystem::path& input, const imaging::Study& study,
                        const std::function<std::filesystem::path(const imaging::DicomHeader&)>& name_of, const ConvertOptions& options,
                        ConvertReport& report);

/// Converts one DICOM SEG or RTSTRUCT. Contours need the images that they were drawn on.
/// @throws Error{kNotFound} these are not in `study`; what read_seg_file, read_contour_set and write_structures throw.
StructureFiles convert_structure(const std::filesystem::path& file, const imaging::Study& study, bool may_guess,
                                 const std::filesystem::path& stem, const StructureFileOptions& options);

}  // namespace consilium::pipelines
