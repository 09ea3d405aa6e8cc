#include "pipelines/convert_structures.h"

#include "base/files.h"
#include "imaging/dicom/header.h"
#include "imaging/image_file.h"
#include "imaging/ops/orient.h"
#include "imaging/ops/resample.h"

namespace consilium::pipelines {
namespace {

/// Label maps as the images beside them: nearest label where voxels change.
void reshape(StructureFiles& files, const ConvertOptions& options) {
  if (options.orientation.empty() && !options.spacing_mm) return;
  for (const fs::path& file : files.images) {
    const auto scaling = imaging::inspect_nifti(file);
    require(scaling.scl_slope == 1, ErrorCode::kUnsupported, file.string() + ": fractions are neither turned nor resampled");
    LabelMap labels = imaging::read_nifti_labels(file);
    if (!options.orientation.empty()) labels = imaging::orient(labels, options.orientation);
    if (options.spacing_mm) labels = imaging::resample_labels(labels, imaging::grid_with_spacing(labels.geometry, *options.spacing_mm));
    imaging::write_nifti(file, labels, {.compression = options.compression});
    files.geometry = labels.geometry;
  }
}

}  // namespace

StructureFiles convert_structure(const fs::path& file, const imaging::Study& study, bool may_guess, const fs::path& stem, const StructureFileOptions& options) {
  if (imaging::is_segmentation(imaging::read_dicom_header(file).sop_class_uid)) {
    const imaging::SegFile seg = imaging::read_seg_file(file);
    const imaging::Series* images = images_of(seg.source_series, study, may_guess);
    StructureFiles files = write_structures(seg, images, stem, options);
    if (images == nullptr) files.notes.push_back("its images are not beside it: the grid is that of its frames");
    return files;
  }
  const imaging::ContourSet contours = imaging::read_contour_set(file);
  const imaging::Series* images = images_of(contours.source_series, study, may_guess);
  require(images != nullptr, ErrorCode::kNotFound, file.string() + ": the images that its contours were drawn on are not there: their grid is needed");
  return write_structures(contours, *images, stem, options);
}

void convert_structures(const fs::path& input, const imaging::Study& study, const std::function<fs::path(const imaging::DicomHeader&)>& name_of,
                        const ConvertOptions& options, ConvertReport& report) {
  for (const imaging::DicomHeader& header : study.structures) {
    try {
      const fs::path named = name_of(header);
      StructureFileOptions how;
      how.compression = options.compression, how.overwrite = options.overwrite;
      StructureFiles files = convert_structure(header.file, study, false, named.parent_path() / imaging::image_stem(named), how);
      reshape(files, options);
      for (const fs::path& image : files.images)
        report.written.push_back({.input = input, .output = image, .beside = {files.description}, .size = files.geometry.size,
                                  .spacing_mm = files.geometry.spacing_mm, .is_dicom = true, .notes = files.notes});
    } catch (const Error& error) {  // the other scans are converted all the same
      if (error.code() == ErrorCode::kCannotWrite) throw;
      report.failed.push_back({input, error.code(), error.what()});
    }
  }
}

}  // namespace consilium::pipelines
