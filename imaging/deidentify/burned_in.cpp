#include "imaging/deidentify/burned_in.h"

#include <algorithm>
#include <string_view>

#include "imaging/dicom/values.h"

namespace consilium::imaging {
namespace {

bool is_written_into(DcmItem& item) {
  constexpr std::string_view kStorage = "1.2.840.10008.5.1.4.1.1.";
  // Secondary capture and its multi-frame kinds, ultrasound, visible light, film and paper.
  constexpr std::string_view kClasses[] = {"7", "7.1", "7.2", "7.3", "7.4", "3", "3.1", "6", "6.1", "6.2", "77.1.1", "77.1.2", "77.1.4", "104.1"};
  const std::string sop_class = text_of(item, DCM_SOPClassUID);
  if (sop_class.starts_with(kStorage) && std::find(std::begin(kClasses), std::end(kClasses), std::string_view(sop_class).substr(kStorage.size())) != std::end(kClasses)) return true;
  constexpr std::string_view kModalities[] = {"US", "IVUS", "SC", "OT", "ES", "XC", "HC", "SD", "DOC", "SCR"};
  if (std::find(std::begin(kModalities), std::end(kModalities), text_of(item, DCM_Modality)) != std::end(kModalities)) return true;
  if (item.tagExistsWithValue(DCM_ConversionType)) return true;
  const std::vector<std::string> type = words_of(item, DCM_ImageType);
  return std::any_of(type.begin(), type.end(), [](const std::string& word) { return word.starts_with("SCREEN") || word == "DOSE_INFO" || word == "PASTED" || word == "FILMED"; });
}

bool has_pixels(DcmItem& item) { return item.tagExists(DCM_PixelData) || item.tagExists(DCM_EncapsulatedDocument); }

}  // namespace

BurnedIn burned_in(DcmItem& item) {
  const std::string said = text_of(item, DCM_BurnedInAnnotation);
  if (said == "YES") return BurnedIn::kYes;
  return said != "NO" && has_pixels(item) && is_written_into(item) ? BurnedIn::kSuspected : BurnedIn::kNo;
}

std::string to_string(BurnedIn state) {
  return state == BurnedIn::kYes ? "yes" : state == BurnedIn::kSuspected ? "suspected" : "no";
}

}  // namespace consilium::imaging
