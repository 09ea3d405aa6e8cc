#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "imaging/label_map.h"

namespace consilium::imaging {

/// A concept of a terminology: (10200004, SCT, "Liver").
struct CodedTerm {
  std::string value, scheme, meaning;

  bool is_set() const { return !value.empty(); }
  bool operator==(const CodedTerm&) const = default;
};

/// One thing that was outlined in an image: a segment of a DICOM SEG, a region of interest of an RTSTRUCT.
struct Segment {
  int number = 0;   ///< Segment Number (0062,0004) or ROI Number (3006,0022)
  Label label = 0;  ///< in label maps; 0: not chosen yet
  std::string name = {}, description = {};
  std::string algorithm_type = "MANUAL";  ///< MANUAL, SEMIAUTOMATIC or AUTOMATIC
  std::string algorithm_name = {};
  CodedTerm category = {}, type = {}, modifier = {};  ///< what it is; the modifier says which side
  CodedTerm region = {}, region_modifier = {};        ///< where it is, if `type` does not say it
  std::optional<std::array<std::uint8_t, 3>> rgb = {};
  std::string tracking_id = {}, tracking_uid = {};

  bool operator==(const Segment&) const = default;
};

/// Called with the index of a segment and its voxels on a plane (i fastest, not 0: inside). Each segment comes at most once.
using PlaneVisitor = std::function<void(std::size_t segment, std::span<const std::uint8_t> voxels)>;

/// Segments on a grid, one plane at a time: they may overlap, and all of them at once may be larger than memory.
struct Structures {
  Geometry geometry;
  std::vector<Segment> segments;
  std::function<void(std::size_t k, const PlaneVisitor& visit)> visit_plane;  ///< several threads may ask for different planes
};

/// A label for every segment: the one it has, else its number, where these are 1 to 255 and differ; else 1, 2, ...
/// @throws Error{kUnsupported} more than 255 segments.
void choose_labels(std::vector<Segment>& segments);

/// Indices of segments in as few label maps as a greedy choice needs: segments of one map do not overlap. Empty segments count.
std::vector<std::vector<std::size_t>> layers_of(const Structures& structures);

/// The labels of some segments on plane k; where they overlap, the last one's.
void compose_plane(const Structures& structures, std::span<const std::size_t> layer, std::size_t k, std::span<Label> labels);

/// All planes. @throws as visit_plane.
LabelMap to_label_map(const Structures& structures, std::span<const std::size_t> layer);

}  // namespace consilium::imaging
