#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "imaging/dicom/scan.h"
#include "imaging/dicom/seg_write.h"
#include "pipelines/segments_json.h"

namespace consilium::pipelines {

struct SegmentationOptions {
  std::string scheme;                     ///< the labels are those of this label scheme
  bool regions = false;                   ///< with `scheme`: WT, TC and ET, which overlap, instead of tissues
  std::filesystem::path segments;         ///< JSON, "consilium.segments/1"; empty: the .json beside the first file, if it is one
  std::vector<std::string> names;         ///< "2=left kidney": what a label (of one file) or the n-th of several files shows
  std::string algorithm;                  ///< name of what made them, or "manual"; empty: as `segments` describes them
  int series_number = 0;                  ///< of the images; 0: the only series with the labels' grid
  std::string series_uid;                 ///< likewise, by Series Instance UID; empty: any
  imaging::SegWriteOptions write;
};

struct WrittenSegmentation {
  std::vector<imaging::Segment> segments;
  int images_series = 0;      ///< number of the series that it belongs to
  std::size_t slices = 0;
};

/// Writes label maps (.nii, .nii.gz, NRRD, MetaImage) as a DICOM segmentation of the images in `images`.
///
/// One file holds labels; several are layers whose segments may overlap, as described, or masks of one segment each; for
/// fractional kinds each holds values from 0 to 1. Files may have their axes in another order than the images: no voxel moves.
/// @throws Error{kUsage} nothing says what a label shows, or a description that does not fit; Error{kMismatch} no series, or
/// several, with the labels' grid; what write_seg throws.
WrittenSegmentation write_segmentation(const std::vector<std::filesystem::path>& files, const std::filesystem::path& images,
                                       const std::filesystem::path& output, const SegmentationOptions& options);

/// The labels with the axes of `grid`, where these are the same voxels; nothing otherwise.
std::optional<LabelMap> aligned(const LabelMap& labels, const Geometry& grid);

}  // namespace consilium::pipelines
