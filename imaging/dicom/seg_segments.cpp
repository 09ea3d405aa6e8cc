#include "imaging/dicom/seg_segments.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "imaging/cielab.h"
#include "imaging/dicom/items.h"
#include "imaging/dicom/private_tags.h"
#include "imaging/dicom/values.h"
#include "imaging/dicom/write_modules.h"

namespace consilium::imaging {
namespace {

constexpr PrivateTag kLabel{0x0063, "CONSILIUM SEG", 0x01};

Segment read_segment(DcmItem& item, DcmItem& data_set) {
  Segment s;
  s.number = integer_of(item, DCM_SegmentNumber).value_or(-1);
  s.name = free_text_of(item, DCM_SegmentLabel, data_set);
  s.description = free_text_of(item, DCM_SegmentDescription, data_set);
  s.algorithm_type = text_of(item, DCM_SegmentAlgorithmType);
  s.algorithm_name = text_of(item, DCM_SegmentAlgorithmName);
  s.category = read_term(&item, DCM_SegmentedPropertyCategoryCodeSequence);
  s.type = read_term(&item, DCM_SegmentedPropertyTypeCodeSequence);
  s.modifier = read_term(first_item_of(&item, DCM_SegmentedPropertyTypeCodeSequence), DCM_SegmentedPropertyTypeModifierCodeSequence);
  s.region = read_term(&item, DCM_AnatomicRegionSequence);
  s.region_modifier = read_term(first_item_of(&item, DCM_AnatomicRegionSequence), DCM_AnatomicRegionModifierSequence);
  s.tracking_id = free_text_of(item, DCM_TrackingID, data_set);
  s.tracking_uid = text_of(item, DCM_TrackingUID);
  CieLab lab{};
  bool has_colour = true;
  for (unsigned long n = 0; n < lab.size(); ++n)
    has_colour = has_colour && item.findAndGetUint16(DCM_RecommendedDisplayCIELabValue, lab[n], n).good();
  if (has_colour) s.rgb = to_rgb(lab);
  const auto labels = private_numbers(item, kLabel, PrivateType::kUint16);
  if (!labels.empty() && labels.front() >= 1 && labels.front() <= 255) s.label = static_cast<Label>(labels.front());
  return s;
}

void put_segment(DcmItem& item, const Segment& s) {
  require(!s.name.empty() && s.category.is_set() && s.type.is_set(), ErrorCode::kUsage,
          "segment " + std::to_string(s.number) + ": a name, a category and a type are needed");
  put_unsigned(item, DCM_SegmentNumber, static_cast<std::size_t>(s.number));
  put(item, DCM_SegmentLabel, s.name);
  if (!s.description.empty()) put(item, DCM_SegmentDescription, s.description);
  put(item, DCM_SegmentAlgorithmType, s.algorithm_type);
  if (s.algorithm_type != "MANUAL") put(item, DCM_SegmentAlgorithmName, s.algorithm_name.empty() ? "unknown" : s.algorithm_name);
  put_term(item, DCM_SegmentedPropertyCategoryCodeSequence, s.category);
  put_term(item, DCM_SegmentedPropertyTypeCodeSequence, s.type);
  if (s.modifier.is_set())
    put_term(*first_item_of(&item, DCM_SegmentedPropertyTypeCodeSequence), DCM_SegmentedPropertyTypeModifierCodeSequence, s.modifier);
  put_term(item, DCM_AnatomicRegionSequence, s.region);
  if (s.region.is_set() && s.region_modifier.is_set())
    put_term(*first_item_of(&item, DCM_AnatomicRegionSequence), DCM_AnatomicRegionModifierSequence, s.region_modifier);
  if (s.rgb) {
    const CieLab lab = to_cielab(*s.rgb);
    item.putAndInsertUint16Array(DCM_RecommendedDisplayCIELabValue, lab.data(), lab.size());
  }
  if (!s.tracking_id.empty() && !s.tracking_uid.empty()) {
    put(item, DCM_TrackingID, s.tracking_id);
    put(item, DCM_TrackingUID, s.tracking_uid);
  }
  if (s.label != 0 && s.label != s.number) {
    item.putAndInsertString(DcmTag(kLabel.group, 0x0010, EVR_LO), std::string(kLabel.creator).c_str());
    item.putAndInsertUint16(DcmTag(kLabel.group, 0x1000 + kLabel.element, EVR_US), s.label);
  }
}

}  // namespace

CodedTerm read_term(DcmItem* parent, const DcmTagKey& sequence) {
  DcmItem* item = first_item_of(parent, sequence);
  if (item == nullptr) return {};
  std::string value = text_of(*item, DCM_CodeValue);
  if (value.empty()) value = text_of(*item, DCM_LongCodeValue);
  if (value.empty()) value = text_of(*item, DCM_URNCodeValue);
  return {value, text_of(*item, DCM_CodingSchemeDesignator), text_of(*item, DCM_CodeMeaning)};
}

void put_term(DcmItem& parent, const DcmTagKey& sequence, const CodedTerm& term) {
  if (!term.is_set()) return;
  DcmItem& item = add_item(parent, sequence);
  constexpr std::size_t kLongestCode = 16;
  put(item, term.value.size() > kLongestCode ? DCM_LongCodeValue : DCM_CodeValue, term.value);
  put(item, DCM_CodingSchemeDesignator, term.scheme);
  put(item, DCM_CodeMeaning, term.meaning);
}

std::vector<Segment> read_segments(DcmItem& data_set) {
  std::vector<Segment> segments;
  std::set<int> numbers;
  for (DcmItem* item : items_of(data_set, DCM_SegmentSequence)) {
    Segment segment = read_segment(*item, data_set);
    require(segment.number >= 0 && segment.number <= 65535, ErrorCode::kCorruptData, "Segment Number (0062,0004) is missing or wrong");
    require(numbers.insert(segment.number).second, ErrorCode::kCorruptData,
            "two segments have the number " + std::to_string(segment.number));
    if (segment.number != 0) segments.push_back(std::move(segment));
  }
  require(!numbers.empty(), ErrorCode::kCorruptData, "Segment Sequence (0062,0002) is missing or empty");
  return segments;
}

void put_segments(DcmItem& data_set, const std::vector<Segment>& segments, bool has_background) {
  if (has_background) {
    Segment background{.number = 0, .name = "Background"};
    background.category = {"309825002", "SCT", "Spatial and Relational Concept"};
    background.type = {"125040", "DCM", "Background"};
    background.algorithm_type = segments.front().algorithm_type, background.algorithm_name = segments.front().algorithm_name;
    put_segment(add_item(data_set, DCM_SegmentSequence), background);
  }
  for (const Segment& segment : segments) put_segment(add_item(data_set, DCM_SegmentSequence), segment);
}

}  // namespace consilium::imaging
