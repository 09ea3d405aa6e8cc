#include "imaging/dicom/seg_write.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "imaging/dicom/file_bytes.h"
#include "imaging/dicom/seg_modules.h"
#include "imaging/dicom/seg_segments.h"
#include "imaging/dicom/uid.h"
#include "imaging/dicom/write_modules.h"

namespace consilium::imaging {
namespace {

constexpr const char* kLabelMapStorage = "1.2.840.10008.5.1.4.1.1.66.7";

bool is_fraction(SegKind kind) { return kind == SegKind::kProbability || kind == SegKind::kOccupancy; }

std::size_t layer_of(const SegContent& content, std::size_t segment) { return content.layer_of.empty() ? 0 : content.layer_of.at(segment); }

/// Voxels of one layer on a plane.
std::span<const Label> plane_of(const LabelMap& layer, std::size_t plane) {
  const std::size_t voxels = layer.geometry.size[0] * layer.geometry.size[1];
  return std::span(layer.labels).subspan(plane * voxels, voxels);
}

/// Every label that occurs has a segment: nothing is lost unseen.
void check_labels(const SegContent& content, SegKind kind) {
  for (std::size_t layer = 0; layer < content.layers.size(); ++layer) {
    std::array<bool, 256> known{};
    known[0] = true;
    for (std::size_t s = 0; s < content.segments.size(); ++s) {
      if (layer_of(content, s) != layer) continue;
      const Label label = content.segments[s].label;
      require(is_fraction(kind) || (label != 0 && !known[label]), ErrorCode::kUsage, "two segments have the label " + std::to_string(label));
      known[label] = true;
    }
    if (is_fraction(kind)) continue;
    for (const Label label : content.layers[layer].labels)
      require(known[label], ErrorCode::kUsage, "the label map has the label " + std::to_string(label) + ", but no segment is described for it");
  }
}

void check(const Series& source, const SegContent& content, const SegWriteOptions& options) {
  require(source.problem.empty(), ErrorCode::kUnsupported, "series " + std::to_string(source.header().series_number) + ": " + source.problem);
  require(!content.segments.empty() && content.segments.size() <= 65535, ErrorCode::kUsage, "a segmentation needs at least one segment");
  require(options.kind != SegKind::kLabelMap || content.layers.size() == 1, ErrorCode::kUsage,
          "segments overlap: a label map segmentation cannot hold them, a binary one can");
  require(!is_fraction(options.kind) || (content.layers.size() == content.segments.size() && content.layer_of.size() == content.segments.size()),
          ErrorCode::kUsage, "fractions need an image for each segment");
  for (const LabelMap& layer : content.layers) {
    require(same_grid(layer.geometry, source.geometry, 0.01), ErrorCode::kMismatch, "the labels do not lie on the grid of the images");
    require(layer.labels.size() == voxel_count(layer.geometry), ErrorCode::kCorruptData, "the number of labels is not that of the grid");
  }
  check_labels(content, options.kind);
}

bool holds(const SegContent& content, SegKind kind, std::size_t segment, std::size_t plane) {
  const auto voxels = plane_of(content.layers[layer_of(content, segment)], plane);
  const Label label = content.segments[segment].label;
  return std::any_of(voxels.begin(), voxels.end(), [&](Label v) { return kind == SegKind::kBinary ? v == label : v != 0; });
}

std::vector<SegFramePlan> frames_of(const SegContent& content, const SegWriteOptions& options) {
  const std::size_t planes = content.layers.front().geometry.size[2];
  const std::size_t segments = options.kind == SegKind::kLabelMap ? 1 : content.segments.size();
  std::vector<SegFramePlan> frames;
  for (std::size_t s = 0; s < segments; ++s)
    for (std::size_t k = 0; k < planes; ++k) {
      const bool is_end = s == 0 && (k == 0 || k + 1 == planes) && options.planes == SegPlanes::kNeeded;
      if (options.planes == SegPlanes::kAll || is_end || holds(content, options.kind, s, k)) frames.push_back({s, k});
    }
  // A segmentation has at least one frame, even of nothing.
  if (frames.empty()) frames.push_back({0, 0});
  return frames;
}

/// Bits follow one another without gaps between frames, lowest first.
std::vector<Uint8> encode_bits(const SegContent& content, const std::vector<SegFramePlan>& frames) {
  const Size3& size = content.layers.front().geometry.size;
  std::vector<Uint8> bytes((size[0] * size[1] * frames.size() + 7) / 8);
  std::size_t bit = 0;
  for (const SegFramePlan& frame : frames) {
    const Label label = content.segments[frame.segment].label;
    for (const Label voxel : plane_of(content.layers[layer_of(content, frame.segment)], frame.plane)) {
      if (voxel == label) bytes[bit / 8] = static_cast<Uint8>(bytes[bit / 8] | 1U << bit % 8);
      ++bit;
    }
  }
  return bytes;
}

std::vector<Uint8> encode_cells(const SegContent& content, const std::vector<SegFramePlan>& frames) {
  std::vector<Uint8> bytes;
  for (const SegFramePlan& frame : frames) {
    const auto voxels = plane_of(content.layers[layer_of(content, frame.segment)], frame.plane);
    bytes.insert(bytes.end(), voxels.begin(), voxels.end());
  }
  return bytes;
}

void number(std::vector<Segment>& segments, SegKind kind) {
  for (std::size_t n = 0; n < segments.size(); ++n)
    segments[n].number = kind == SegKind::kLabelMap ? segments[n].label : static_cast<int>(n) + 1;
}

/// Everything that the file holds beside its UIDs, which follow from it.
std::string fingerprint(const Series& source, const SegContent& content, const SegWriteOptions& options, const std::vector<Uint8>& pixels) {
  std::string text = source.header().series_uid + "|" + std::string(to_string(options.kind)) + "|" + options.date + options.time + "|" +
                     options.series_description + "|" + options.content_label + "|" + std::to_string(options.series_number);
  for (const Segment& s : content.segments)
    text += "|" + s.name + "|" + s.description + "|" + s.algorithm_name + "|" + s.type.value + "|" + s.modifier.value + "|" + std::to_string(s.label);
  return text + std::string(pixels.begin(), pixels.end());
}

}  // namespace

void write_seg(const fs::path& path, const Series& source, const SegContent& given, const SegWriteOptions& options) {
  check(source, given, options);
  SegContent content = given;
  number(content.segments, options.kind);
  const std::vector<SegFramePlan> frames = frames_of(content, options);
  std::vector<Uint8> pixels = options.kind == SegKind::kBinary ? encode_bits(content, frames) : encode_cells(content, frames);
  const std::string name = uid_of_name(fingerprint(source, content, options, pixels));
  if (pixels.size() % 2 != 0) pixels.push_back(0);
  DcmFileFormat file;
  DcmDataset& item = *file.getDataset();
  put_seg_identity(item, source, options);
  put(item, DCM_SOPClassUID, options.kind == SegKind::kLabelMap ? kLabelMapStorage : UID_SegmentationStorage);
  put(item, DCM_SOPInstanceUID, uid_of_name(name + "|instance"));
  put(item, DCM_SeriesInstanceUID, uid_of_name(name + "|series"));
  put_seg_format(item, source.geometry, options, frames.size());
  put_segments(item, content.segments, options.kind == SegKind::kLabelMap);
  put_seg_references(item, source);
  put_seg_frames(item, source, content, options, frames, name);
  auto element = std::make_unique<DcmPixelData>(DcmTag(DCM_PixelData, EVR_OB));
  require(element->putUint8Array(pixels.data(), static_cast<unsigned long>(pixels.size())).good() && item.insert(element.get(), OFTrue).good(),
          ErrorCode::kUnexpected, "DICOM: the pixels of a segmentation could not be stored");
  element.release();
  write_file(path, file_bytes_of(file));
}

}  // namespace consilium::imaging
