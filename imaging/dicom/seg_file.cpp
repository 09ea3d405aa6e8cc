#include "imaging/dicom/seg_file.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "imaging/dicom/items.h"
#include "imaging/dicom/parse.h"
#include "imaging/dicom/plane.h"
#include "imaging/dicom/seg_geometry.h"
#include "imaging/dicom/seg_segments.h"
#include "imaging/dicom/values.h"

namespace consilium::imaging {
namespace {

constexpr const char* kLabelMapStorage = "1.2.840.10008.5.1.4.1.1.66.7";

SegKind kind_of(DcmItem& item) {
  const std::string type = text_of(item, DCM_SegmentationType), fraction = text_of(item, DCM_SegmentationFractionalType);
  if (type == "BINARY") return SegKind::kBinary;
  if (type == "LABELMAP") return SegKind::kLabelMap;
  require(type == "FRACTIONAL", ErrorCode::kUnsupported, "Segmentation Type (0062,0001) is " + (type.empty() ? "missing" : type));
  return fraction == "OCCUPANCY" ? SegKind::kOccupancy : SegKind::kProbability;
}

void check_format(const SegFile& seg) {
  const DicomHeader& h = seg.header;
  require(h.rows > 0 && h.columns > 0 && h.frames > 0, ErrorCode::kCorruptData,
          "Rows (0028,0010), Columns (0028,0011) or Number of Frames (0028,0008) is missing or wrong");
  require(h.samples_per_pixel == 1, ErrorCode::kUnsupported, "segmentations in colours are not read");
  const bool fits = seg.kind == SegKind::kBinary ? h.bits_allocated == 1 || h.bits_allocated == 8
                                                 : h.bits_allocated == 8 || (h.bits_allocated == 16 && seg.kind == SegKind::kLabelMap);
  require(fits, ErrorCode::kUnsupported,
          "Bits Allocated (0028,0100) is " + std::to_string(h.bits_allocated) + " in a " + std::string(to_string(seg.kind)) + " segmentation");
  require(h.pixels.is_there(), ErrorCode::kCorruptData, "the file ends before its pixels");
  require(seg.largest_fraction >= 1 && seg.largest_fraction <= 255, ErrorCode::kCorruptData,
          "Maximum Fractional Value (0062,000E) is " + std::to_string(seg.largest_fraction));
}

/// A frame's group of attributes, else the one that all share.
DcmItem* group_of(DcmItem* frame, DcmItem* shared, const DcmTagKey& sequence) {
  DcmItem* own = first_item_of(frame, sequence);
  return own != nullptr ? own : first_item_of(shared, sequence);
}

struct PlacedFrame {
  DicomHeader header;
  int segment = 0;
};

PlacedFrame read_frame(DcmItem* frame, DcmItem* shared, const SegFile& seg, int number) {
  PlacedFrame placed{.header = seg.header};
  placed.header.frame = number;
  placed.header.has_geometry = false;
  DcmItem *place = group_of(frame, shared, DCM_PlanePositionSequence), *side = group_of(frame, shared, DCM_PlaneOrientationSequence),
          *measures = group_of(frame, shared, DCM_PixelMeasuresSequence);
  require(place != nullptr || group_of(frame, shared, DCM_PlanePositionSlideSequence) == nullptr, ErrorCode::kUnsupported,
          "segmentations of microscopes' slides are not read");
  if (place != nullptr && side != nullptr && measures != nullptr) {
    placed.header.has_geometry = set_plane(*place, *side, *measures, placed.header);
    set_thickness(*measures, placed.header);
  }
  if (seg.kind == SegKind::kLabelMap) return placed;
  DcmItem* segment = group_of(frame, shared, DCM_SegmentIdentificationSequence);
  placed.segment = segment == nullptr ? 0 : integer_of(*segment, DCM_ReferencedSegmentNumber).value_or(0);
  const bool known = std::any_of(seg.segments.begin(), seg.segments.end(), [&](const Segment& s) { return s.number == placed.segment; });
  require(known, ErrorCode::kCorruptData,
          "frame " + std::to_string(number + 1) + " belongs to segment " + std::to_string(placed.segment) + ", which is not described");
  return placed;
}

void read_frames(DcmItem& item, SegFile& seg) {
  DcmItem* shared = first_item_of(&item, DCM_SharedFunctionalGroupsSequence);
  const std::vector<DcmItem*> groups = items_of(item, DCM_PerFrameFunctionalGroupsSequence);
  const auto frames = static_cast<std::size_t>(seg.header.frames);
  require(groups.size() >= frames, ErrorCode::kCorruptData,
          std::to_string(frames) + " frames, but functional groups (5200,9230) of " + std::to_string(groups.size()));
  std::vector<DicomHeader> headers;
  for (std::size_t n = 0; n < frames; ++n) {
    PlacedFrame placed = read_frame(groups[n], shared, seg, static_cast<int>(n));
    seg.frames.push_back({placed.segment, 0});
    headers.push_back(std::move(placed.header));
  }
  const SegGrid grid = grid_of(headers);
  seg.geometry = grid.geometry;
  for (std::size_t n = 0; n < frames; ++n) seg.frames[n].plane = grid.planes[n];
}

SegFile read(DcmItem& item, const std::filesystem::path& file) {
  SegFile seg{.header = read_dicom_header(file)};
  seg.kind = kind_of(item);
  seg.largest_fraction = integer_of(item, DCM_MaximumFractionalValue).value_or(255);
  seg.padding = integer_of(item, DCM_PixelPaddingValue);
  seg.frame_of_reference = text_of(item, DCM_FrameOfReferenceUID);
  check_format(seg);
  seg.segments = read_segments(item);
  choose_labels(seg.segments);
  std::set<std::string> series;
  for (DcmItem* one : items_of(item, DCM_ReferencedSeriesSequence)) series.insert(text_of(*one, DCM_SeriesInstanceUID));
  seg.source_series.assign(series.begin(), series.end());
  read_frames(item, seg);
  return seg;
}

}  // namespace

std::string_view to_string(SegKind kind) {
  switch (kind) {
    case SegKind::kBinary:
      return "binary";
    case SegKind::kProbability:
      return "probability";
    case SegKind::kOccupancy:
      return "occupancy";
    default:
      return "label map";
  }
}

bool is_segmentation(const std::string& sop_class_uid) {
  return sop_class_uid == UID_SegmentationStorage || sop_class_uid == kLabelMapStorage;
}

SegFile read_seg_file(const std::filesystem::path& file) {
  const ParsedDicom parsed = parse_dicom(file);
  DcmItem& item = *parsed.data_set;
  const std::string sop_class = text_of(item, DCM_SOPClassUID);
  require(is_segmentation(sop_class), ErrorCode::kUnsupported,
          file.string() + ": expected a segmentation, found " + (sop_class.empty() ? "no SOP Class UID" : sop_class_name(sop_class)));
  try {
    return read(item, file);
  } catch (const Error& error) {  // deeper functions do not know the file's name
    throw std::string(error.what()).starts_with(file.string()) ? error : Error(error.code(), file.string() + ": " + error.what());
  }
}

std::optional<SegFile> placed_on(const SegFile& file, const Geometry& grid) {
  // Writers round what scanners say to a few digits.
  constexpr double kShareOfVoxel = 0.1;
  const Geometry& own = file.geometry;
  if (own.size[0] != grid.size[0] || own.size[1] != grid.size[1]) return std::nullopt;
  SegFile placed = file;
  placed.geometry = grid;
  for (SegFrame& frame : placed.frames) {
    const auto k = static_cast<double>(frame.plane);
    const Vec3 first = to_index(grid, to_position_mm(own, {0, 0, k}));
    const Vec3 last = to_index(grid, to_position_mm(own, {static_cast<double>(own.size[0] - 1), static_cast<double>(own.size[1] - 1), k}));
    const double plane = std::round(first[2]);
    if (plane < 0 || plane >= static_cast<double>(grid.size[2])) return std::nullopt;
    for (std::size_t n = 0; n < 3; ++n) {
      const double far_end = n == 2 ? plane : static_cast<double>(grid.size[n] - 1), near_end = n == 2 ? plane : 0;
      if (std::abs(first[n] - near_end) > kShareOfVoxel || std::abs(last[n] - far_end) > kShareOfVoxel) return std::nullopt;
    }
    frame.plane = static_cast<std::size_t>(plane);
  }
  return placed;
}

}  // namespace consilium::imaging
