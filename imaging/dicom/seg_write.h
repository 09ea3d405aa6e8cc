#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "imaging/dicom/scan.h"
#include "imaging/dicom/seg_file.h"
#include "imaging/structures.h"

namespace consilium::imaging {

/// What a segmentation shows. Layers lie on the grid of the images that were segmented.
struct SegContent {
  std::vector<Segment> segments;
  std::vector<LabelMap> layers;             ///< labels; of fractional kinds one per segment, 255 standing for 1
  std::vector<std::size_t> layer_of = {};   ///< of each segment; empty: all in the first
};

/// Frames that are written.
enum class SegPlanes {
  kNeeded,    ///< those that hold something, and the first and the last of the grid, which tell how far it reaches
  kOccupied,  ///< those that hold something
  kAll,
};

struct SegWriteOptions {
  SegKind kind = SegKind::kBinary;
  SegPlanes planes = SegPlanes::kNeeded;
  std::string series_description = "Segmentation";
  int series_number = 0;                        ///< 0: the source's + 1000
  std::string content_label = "SEGMENTATION";   ///< capital letters, digits and '_'
  std::string content_creator = {};             ///< may be empty
  std::string date = {}, time = {};             ///< YYYYMMDD and HHMMSS: when it was made
  std::string software = "consilium";           ///< version
};

/// Writes a Segmentation or Label Map Segmentation that belongs to the patient, study and frame of reference of `source`.
///
/// Each frame refers to the slice (and frame, of a multi-frame file) that it was made from; frames come segment by segment, by
/// position. Patient and study attributes are copied. UIDs follow from the content and the source: same input, same bytes.
/// Binary and fractional kinds number segments 1, 2, ...; a label that differs travels in a private attribute. In label maps, the
/// number is the label.
/// @throws Error{kMismatch} a layer lies on another grid; Error{kUsage} no segment, a label that two segments share, a voxel
/// whose label is no segment's, or a value that DICOM does not allow; Error{kUnsupported} `source` cannot be loaded as a volume;
/// Error{kCannotWrite}. Source: DICOM PS3.3 A.51, A.96, C.8.20, C.7.6.16, C.7.6.17, C.12.2.
void write_seg(const std::filesystem::path& path, const Series& source, const SegContent& content, const SegWriteOptions& options);

}  // namespace consilium::imaging
