#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/settings.h"
#include "imaging/structures.h"

namespace consilium::pipelines {

/// A segment and the file that shows it.
struct DescribedSegment {
  imaging::Segment segment;
  std::string file;  ///< name of the NIfTI file beside the description; empty: the one that the description belongs to
};

/// What label maps show, "consilium.segments/1": numbers, labels, names, coded terms and colours. Names of patients and UIDs are no
/// part of it.
struct SegmentsDescription {
  std::string kind = "binary";  ///< binary, probability, occupancy, label map or contours: what it was before
  std::vector<DescribedSegment> segments;
  std::vector<std::string> notes;
};

Json to_json(const SegmentsDescription& description);
/// @throws Error{kUsage} naming the key that is wrong. A segment may be described by a `structure` (imaging/structure_terms.h)
/// instead of terms.
SegmentsDescription parse_segments(const Json& json, const std::string& origin);

}  // namespace consilium::pipelines
