#include "imaging/deidentify/elements.h"

#include <memory>
#include <string_view>

#include "base/error.h"
#include "imaging/dicom/values.h"

namespace consilium::imaging {
namespace {

void check(const OFCondition& outcome) { require(outcome.good(), ErrorCode::kUnexpected, "DICOM: an attribute could not be changed"); }

bool has_overlay_in_pixels(DcmItem& item) {
  for (std::uint16_t group = 0x6000; group <= 0x601E; group = static_cast<std::uint16_t>(group + 2)) {
    Uint16 position = 0;
    if (!item.tagExists(DcmTagKey(group, 0x3000)) && item.findAndGetUint16(DcmTagKey(group, 0x0102), position).good() && position > 0) return true;
  }
  return false;
}

}  // namespace

bool is_sequence(DcmElement& element) { return element.ident() == EVR_SQ; }

bool is_text(DcmEVR vr) { return vr == EVR_LO || vr == EVR_LT || vr == EVR_SH || vr == EVR_ST || vr == EVR_UC || vr == EVR_UT || vr == EVR_UR || vr == EVR_AE; }

bool is_known(const DcmTagKey& key) {
  const DcmDataDictionary& dictionary = dcmDataDict.rdlock();
  const bool known = dictionary.findEntry(key, nullptr) != nullptr;
  dcmDataDict.rdunlock();
  return known;
}

bool names_class(const DcmTagKey& key) {
  constexpr std::string_view kWords[] = {"ClassUID", "SOPClass", "TransferSyntax", "CodingSchemeUID", "ContextUID", "MappingResourceUID", "ContextIdentifier"};
  const std::string name = DcmTag(key).getTagName();
  for (const std::string_view word : kWords)
    if (name.find(word) != std::string::npos) return true;
  return false;
}

std::vector<DcmElement*> elements_of(DcmItem& item) {
  std::vector<DcmElement*> elements;
  elements.reserve(item.card());
  for (unsigned long n = 0; n < item.card(); ++n) elements.push_back(item.getElement(n));
  return elements;
}

void remove_element(DcmItem& item, DcmElement& element) { const std::unique_ptr<DcmElement> gone(item.remove(&element)); }

void empty_element(DcmItem& item, DcmElement& element) {
  const DcmTag tag = element.getTag();
  if (is_sequence(element)) {
    check(static_cast<DcmSequenceOfItems&>(element).clear());
  } else {
    check(item.insertEmptyElement(tag, OFTrue));
  }
}

std::string raw_value(DcmElement& element) {
  OFString value;
  if (element.getOFStringArray(value, OFFalse).bad()) return "";
  return unpadded(std::string(value.c_str(), value.length()));
}

std::string raw_value(DcmItem& item, const DcmTagKey& key) {
  DcmElement* element = nullptr;
  return item.findAndGetElement(key, element).good() && element != nullptr ? raw_value(*element) : "";
}

void put_text(DcmElement& element, const std::string& text) { check(element.putString(text.c_str(), static_cast<Uint32>(text.size()))); }

bool change_values(DcmElement& element, const std::function<std::string(const std::string&)>& change) {
  const std::string all = raw_value(element);
  if (all.empty()) return false;
  std::string changed;
  for (std::size_t start = 0;;) {
    const std::size_t end = all.find('\\', start);
    changed += change(unpadded(all.substr(start, end == std::string::npos ? end : end - start)));
    if (end == std::string::npos) break;
    changed += '\\';
    start = end + 1;
  }
  put_text(element, changed);
  return true;
}

void make_dummy_content(DcmElement& element) {
  auto& sequence = static_cast<DcmSequenceOfItems&>(element);
  check(sequence.clear());
  auto item = std::make_unique<DcmItem>();
  check(item->putAndInsertString(DCM_RelationshipType, "CONTAINS"));
  check(item->putAndInsertString(DCM_ValueType, "TEXT"));
  check(item->putAndInsertString(DCM_TextValue, "REMOVED"));
  DcmItem* concept_name = nullptr;
  check(item->findOrCreateSequenceItem(DCM_ConceptNameCodeSequence, concept_name, -2));
  check(concept_name->putAndInsertString(DCM_CodeValue, "121106"));
  check(concept_name->putAndInsertString(DCM_CodingSchemeDesignator, "DCM"));
  check(concept_name->putAndInsertString(DCM_CodeMeaning, "Comment"));
  check(sequence.insert(item.release()));
}

void clear_overlay_bits(DcmItem& item) {
  DcmElement* pixels = nullptr;
  if (!has_overlay_in_pixels(item) || item.findAndGetElement(DCM_PixelData, pixels).bad() || pixels == nullptr) return;
  Uint16 allocated = 0, stored = 0, high = 0;
  item.findAndGetUint16(DCM_BitsAllocated, allocated);
  item.findAndGetUint16(DCM_BitsStored, stored);
  item.findAndGetUint16(DCM_HighBit, high);
  Uint16* values = nullptr;
  const bool is_plain = pixels->getUint16Array(values).good() && values != nullptr;
  require(is_plain && allocated == 16 && stored >= 1 && stored <= 16 && high < 16 && high + 1 >= stored, ErrorCode::kUnsupported,
          "an overlay lies in unused bits of compressed pixels, or of pixels without 16 bits: it cannot be removed");
  const auto used = static_cast<Uint16>(((1U << stored) - 1U) << (high + 1U - stored));
  const unsigned long count = pixels->getLength() / 2;
  for (unsigned long n = 0; n < count; ++n) values[n] &= used;
}

}  // namespace consilium::imaging
