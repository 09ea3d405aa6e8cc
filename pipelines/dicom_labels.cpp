#include "pipelines/dicom_labels.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "base/error.h"
#include "imaging/dicom/rtstruct_mask.h"
#include "imaging/dicom/seg_read.h"
#include "imaging/structure_terms.h"

namespace consilium::pipelines {
namespace {

using imaging::LabelScheme;
using imaging::Segment;
using imaging::Structures;

/// A file that outlines something, and what it says of the images it belongs to.
struct Outlines {
  std::optional<imaging::SegFile> seg;
  std::optional<imaging::ContourSet> contours;

  const std::vector<std::string>& source_series() const { return seg ? seg->source_series : contours->source_series; }
};

Outlines read_outlines(const imaging::DicomHeader& header) {
  if (imaging::is_segmentation(header.sop_class_uid)) return {imaging::read_seg_file(header.file), std::nullopt};
  return {std::nullopt, imaging::read_contour_set(header.file)};
}

bool belongs(const Outlines& outlines, const imaging::Series& series) {
  const auto& uids = outlines.source_series();
  return std::find(uids.begin(), uids.end(), series.header().series_uid) != uids.end();
}

bool is_named_as_tumour(const Segment& segment) {
  std::string name = segment.name + " " + segment.type.meaning;
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  constexpr std::array<std::string_view, 6> kWords{"gtv", "tumor", "tumour", "lesion", "mass", "neoplasm"};
  return std::any_of(kWords.begin(), kWords.end(), [&](std::string_view word) { return name.find(word) != std::string::npos; });
}

/// Which of the outlined regions the labels are made of.
std::vector<bool> meant(const std::vector<Segment>& segments, const LabelScheme& scheme, const DicomLabelOptions& options) {
  const bool is_binary = scheme.regions == std::vector<imaging::Region>{imaging::Region::kLesion};
  std::vector<bool> chosen;
  for (const Segment& segment : segments) {
    if (!options.outlined.empty()) chosen.push_back(fnmatch(options.outlined.c_str(), segment.name.c_str(), 0) == 0);
    else if (is_binary) chosen.push_back(segments.size() == 1 || is_named_as_tumour(segment));
    else chosen.push_back(imaging::region_of(segment).has_value() || imaging::tissue_of(segment).has_value());
  }
  return chosen;
}

LabelMap compose(const Structures& structures, const LabelScheme& scheme, const DicomLabelOptions& options) {
  const std::vector<bool> chosen = meant(structures.segments, scheme, options);
  // Names of regions may hold a patient's: only their number is said.
  require(std::find(chosen.begin(), chosen.end(), true) != chosen.end(), ErrorCode::kMismatch,
          fmt::format("of {} outlined region{} none is {}", chosen.size(), chosen.size() == 1 ? "" : "s",
                      options.outlined.empty() ? "one of scheme " + scheme.name + "; say which is by a pattern for \"labels\"" : "named " + options.outlined));
  Structures kept = structures;
  kept.visit_plane = [&structures, chosen](std::size_t k, const imaging::PlaneVisitor& visit) {
    structures.visit_plane(k, [&](std::size_t n, std::span<const std::uint8_t> voxels) {
      if (chosen[n]) visit(n, voxels);
    });
  };
  LabelMap labels{structures.geometry, std::vector<Label>(voxel_count(structures.geometry), 0)};
  const std::size_t plane = structures.geometry.size[0] * structures.geometry.size[1];
  for (std::size_t k = 0; k < structures.geometry.size[2]; ++k) imaging::compose_scheme_plane(kept, scheme, k, std::span(labels.labels).subspan(k * plane, plane));
  return imaging::to_internal(labels, scheme);
}

LabelMap labels_of(const Outlines& outlines, const imaging::Series& images, const LabelScheme& scheme, const DicomLabelOptions& options) {
  if (outlines.contours) return compose(imaging::ContourMask(*outlines.contours, images.geometry).structures(), scheme, options);
  const auto on_images = imaging::placed_on(*outlines.seg, images.geometry);
  const imaging::SegReader reader(on_images ? *on_images : *outlines.seg);
  return compose(reader.structures(), scheme, options);
}

}  // namespace

std::optional<DicomLabels> dicom_labels(const imaging::Study& study, const std::map<std::string, ChosenSeries>& chosen, const std::vector<std::string>& channels,
                                        const LabelScheme& scheme, const std::string& case_name, const DicomLabelOptions& options) {
  std::vector<Outlines> all;
  for (const imaging::DicomHeader& header : study.structures) all.push_back(read_outlines(header));
  for (const std::string& channel : channels) {
    const auto place = chosen.find(channel);
    if (place == chosen.end()) continue;
    const imaging::Series& images = place->second.series;
    const auto fits = [&](const Outlines& outlines) { return belongs(outlines, images); };
    const auto first = std::find_if(all.begin(), all.end(), fits);
    if (first == all.end()) continue;
    require(std::find_if(first + 1, all.end(), fits) == all.end(), ErrorCode::kMismatch, fmt::format("case {}: two files outline the {} series; keep one of them in the folder", case_name, channel));
    try {
      return DicomLabels{labels_of(*first, images, scheme, options), channel,
                         fmt::format("{} of {} (series {})", first->seg ? "segmentation" : "contours", channel, images.header().series_number)};
    } catch (const Error& error) {  // which case it was
      throw Error(error.code(), "case " + case_name + ": " + error.what());
    }
  }
  return std::nullopt;
}

}  // namespace consilium::pipelines
