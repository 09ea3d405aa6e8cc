#pragma once

#include <optional>
#include <string>
#include <vector>

#include "imaging/dicom/header.h"
#include "imaging/structures.h"

namespace consilium::imaging {

/// How a segmentation stores what belongs to a segment.
enum class SegKind { kBinary, kProbability, kOccupancy, kLabelMap };
std::string_view to_string(SegKind kind);  ///< "binary", "probability", "occupancy", "label map"

/// One stored frame: a plane of one segment, or of all of a label map.
struct SegFrame {
  int segment = 0;        ///< Segment Number; 0 in label maps
  std::size_t plane = 0;  ///< of the grid
};

/// What a DICOM segmentation says, without its pixels.
struct SegFile {
  DicomHeader header;
  SegKind kind = SegKind::kBinary;
  int largest_fraction = 255;          ///< (0062,000E): what stands for 1
  std::optional<int> padding = {};     ///< Pixel Padding Value (0028,0120): a label that is no segment's
  Geometry geometry = {};              ///< from the first to the last plane that has a frame
  std::vector<Segment> segments = {};  ///< with labels (choose_labels)
  std::vector<SegFrame> frames = {};   ///< in the order of the file
  std::vector<std::string> source_series = {};  ///< Series Instance UIDs that it refers to
  std::string frame_of_reference = {};  ///< (0020,0052)
};

bool is_segmentation(const std::string& sop_class_uid);  ///< Segmentation or Label Map Segmentation Storage

/// Planes may come in any order and with gaps; segments may overlap.
/// @throws as parse_dicom; Error{kCorruptData} naming what is missing or wrong; Error{kUnsupported} planes that do not fill one
/// block (tilted, uneven, of a microscope), or more than 255 segments.
/// Source: DICOM PS3.3 A.51 and A.96 (segmentations), C.8.20 (their modules), C.7.6.16 (functional groups).
SegFile read_seg_file(const std::filesystem::path& file);

/// The same frames on another grid, such as that of the images that were segmented; nothing when they do not lie in its planes.
std::optional<SegFile> placed_on(const SegFile& file, const Geometry& grid);

}  // namespace consilium::imaging
