#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "imaging/dicom/header.h"
#include "imaging/structures.h"

namespace consilium::imaging {

/// A closed line around (or within) a region, in one plane.
struct Contour {
  std::vector<Vec3> points_mm;  ///< LPS
};

/// A region of interest: what it is, and its contours.
struct ContouredRegion {
  Segment segment;
  std::vector<Contour> contours;
  std::size_t left_out = 0;  ///< contours that enclose nothing: points, open lines, fewer than three points
};

/// A radiotherapy structure set.
struct ContourSet {
  DicomHeader header;
  std::vector<ContouredRegion> regions = {};
  std::string frame_of_reference = {};
  std::vector<std::string> source_series = {};  ///< Series Instance UIDs of the images that were contoured
};

bool is_structure_set(const std::string& sop_class_uid);

/// @throws as parse_dicom; Error{kUnsupported} not an RT Structure Set; Error{kCorruptData} numbers that are none, or regions that
/// are not there. Source: DICOM PS3.3 A.19, C.8.8.5 (structure set), C.8.8.6 (contours), C.8.8.8 (observations).
ContourSet read_contour_set(const std::filesystem::path& file);

}  // namespace consilium::imaging
