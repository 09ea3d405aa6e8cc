#include "imaging/dicom/rtstruct_read.h"

#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include "base/error.h"
#include "imaging/dicom/items.h"
#include "imaging/dicom/parse.h"
#include "imaging/dicom/seg_segments.h"
#include "imaging/dicom/values.h"
#include "imaging/structure_terms.h"

namespace consilium::imaging {
namespace {

/// Contour Data (3006,0050): decimal strings x\y\z\x\y\z. DCMTK finds the nth value by counting from the first.
std::vector<Vec3> points_of(DcmItem& item) {
  OFString text;
  if (item.findAndGetOFStringArray(DCM_ContourData, text).bad()) return {};
  std::vector<double> numbers;
  const char *at = text.c_str(), *const end = at + text.length();
  while (at < end) {
    while (at < end && (*at == ' ' || *at == '+')) ++at;
    double number = 0;
    const auto [after, status] = std::from_chars(at, end, number);
    require(status == std::errc() && std::isfinite(number), ErrorCode::kCorruptData, "Contour Data (3006,0050) holds something that is not a number");
    numbers.push_back(number);
    at = after;
    while (at < end && (*at == ' ' || *at == '\0')) ++at;
    require(at == end || *at == '\\', ErrorCode::kCorruptData, "Contour Data (3006,0050) holds something that is not a number");
    ++at;
  }
  require(numbers.size() % 3 == 0, ErrorCode::kCorruptData, "Contour Data (3006,0050) does not hold three numbers per point");
  std::vector<Vec3> points(numbers.size() / 3);
  for (std::size_t n = 0; n < numbers.size(); ++n) points[n / 3][n % 3] = numbers[n];
  return points;
}

bool encloses(const std::string& type) { return type.empty() || type == "CLOSED_PLANAR" || type == "CLOSEDPLANAR_XOR"; }

void read_contours(DcmItem& item, ContouredRegion& region) {
  constexpr double kBrightest = 255;
  for (unsigned long n = 0; n < 3; ++n) {
    const auto colour = number_of(item, DCM_ROIDisplayColor, n);
    if (!colour || *colour < 0 || *colour > kBrightest) break;
    if (!region.segment.rgb) region.segment.rgb.emplace();
    (*region.segment.rgb)[n] = static_cast<std::uint8_t>(*colour);
  }
  for (DcmItem* one : items_of(item, DCM_ContourSequence)) {
    Contour contour;
    if (encloses(text_of(*one, DCM_ContourGeometricType))) contour.points_mm = points_of(*one);
    if (contour.points_mm.size() < 3) {
      ++region.left_out;
    } else {
      region.contours.push_back(std::move(contour));
    }
  }
}

/// ROI Number -> region, in the order of the Structure Set ROI Sequence.
std::vector<ContouredRegion> read_regions(DcmItem& item) {
  std::vector<ContouredRegion> regions;
  std::map<int, std::size_t> place;
  for (DcmItem* one : items_of(item, DCM_StructureSetROISequence)) {
    ContouredRegion region;
    Segment& s = region.segment;
    s.number = integer_of(*one, DCM_ROINumber).value_or(-1);
    s.name = free_text_of(*one, DCM_ROIName, item);
    s.description = free_text_of(*one, DCM_ROIDescription, item);
    const std::string how = text_of(*one, DCM_ROIGenerationAlgorithm);
    if (how == "AUTOMATIC" || how == "SEMIAUTOMATIC") s.algorithm_type = how;
    if (const auto known = find_structure(s.name)) s.category = known->category, s.type = known->type, s.modifier = known->modifier;
    require(place.emplace(s.number, regions.size()).second, ErrorCode::kCorruptData,
            "two regions of interest have the number " + std::to_string(s.number));
    regions.push_back(std::move(region));
  }
  require(!regions.empty(), ErrorCode::kCorruptData, "Structure Set ROI Sequence (3006,0020) is missing or empty");
  for (DcmItem* one : items_of(item, DCM_ROIContourSequence)) {
    const int number = integer_of(*one, DCM_ReferencedROINumber).value_or(-1);
    const auto found = place.find(number);
    require(found != place.end(), ErrorCode::kCorruptData,
            "contours of region " + std::to_string(number) + ", which Structure Set ROI Sequence (3006,0020) does not name");
    read_contours(*one, regions[found->second]);
  }
  for (DcmItem* one : items_of(item, DCM_RTROIObservationsSequence)) {
    const auto found = place.find(integer_of(*one, DCM_ReferencedROINumber).value_or(-1));
    if (found == place.end()) continue;
    Segment& s = regions[found->second].segment;
    if (const CodedTerm term = read_term(one, DCM_RTROIIdentificationCodeSequence); term.is_set()) s.type = term;
    if (s.description.empty()) s.description = text_of(*one, DCM_RTROIInterpretedType);
  }
  return regions;
}

std::vector<std::string> series_of(DcmItem& item) {
  std::set<std::string> series;
  for (DcmItem* frame : items_of(item, DCM_ReferencedFrameOfReferenceSequence))
    for (DcmItem* study : items_of(*frame, DCM_RTReferencedStudySequence))
      for (DcmItem* one : items_of(*study, DCM_RTReferencedSeriesSequence)) series.insert(text_of(*one, DCM_SeriesInstanceUID));
  series.erase("");
  return {series.begin(), series.end()};
}

}  // namespace

bool is_structure_set(const std::string& sop_class_uid) { return sop_class_uid == UID_RTStructureSetStorage; }

ContourSet read_contour_set(const std::filesystem::path& file) {
  const ParsedDicom parsed = parse_dicom(file);
  DcmItem& item = *parsed.data_set;
  const std::string sop_class = text_of(item, DCM_SOPClassUID);
  require(is_structure_set(sop_class), ErrorCode::kUnsupported,
          file.string() + ": expected an RT Structure Set, found " + (sop_class.empty() ? "no SOP Class UID" : sop_class_name(sop_class)));
  ContourSet set{.header = read_dicom_header(file)};
  try {
    set.regions = read_regions(item);
  } catch (const Error& error) {  // deeper functions do not know the file's name
    throw Error(error.code(), file.string() + ": " + error.what());
  }
  set.source_series = series_of(item);
  if (DcmItem* frame = first_item_of(&item, DCM_ReferencedFrameOfReferenceSequence)) set.frame_of_reference = text_of(*frame, DCM_FrameOfReferenceUID);
  return set;
}

}  // namespace consilium::imaging
