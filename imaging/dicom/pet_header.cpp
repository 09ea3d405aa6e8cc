#include <cctype>
#include <cstdlib>

#include "imaging/dicom/parse.h"
#include "imaging/dicom/private_tags.h"
#include "imaging/dicom/suv.h"
#include "imaging/dicom/values.h"

namespace consilium::imaging {
namespace {

/// Days since 1 January 1970 of the Gregorian calendar.
double days_of(int year, int month, int day) {
  const int y = month <= 2 ? year - 1 : year, m = month <= 2 ? month + 9 : month - 3;
  return 365.0 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

bool is_digits(const std::string& text, std::size_t count) {
  if (text.size() < count) return false;
  for (std::size_t n = 0; n < count; ++n)
    if (std::isdigit(static_cast<unsigned char>(text[n])) == 0) return false;
  return true;
}

int digits(const std::string& text, std::size_t at, std::size_t count) { return std::atoi(text.substr(at, count).c_str()); }

std::optional<double> date_s(const std::string& text) {
  if (!is_digits(text, 8)) return std::nullopt;
  return 86400.0 * days_of(digits(text, 0, 4), digits(text, 4, 2), digits(text, 6, 2));
}

/// HHMMSS.FFFFFF, cut short anywhere after the hours.
std::optional<double> time_of_day_s(const std::string& text) {
  if (!is_digits(text, 2)) return std::nullopt;
  double seconds = 3600.0 * digits(text, 0, 2);
  if (is_digits(text, 4)) seconds += 60.0 * digits(text, 2, 2);
  if (is_digits(text, 6)) seconds += std::strtod(text.substr(4).c_str(), nullptr);
  return seconds;
}

std::optional<double> date_and_time_s(DcmItem& item, const DcmTagKey& date, const DcmTagKey& time) {
  const auto day = date_s(text_of(item, date)), of_day = time_of_day_s(text_of(item, time));
  return day && of_day ? std::optional<double>(*day + *of_day) : std::nullopt;
}

/// YYYYMMDDHHMMSS.FFFFFF&ZZXX
std::optional<double> date_time_s(const std::string& text) {
  const auto day = date_s(text);
  const auto of_day = day ? time_of_day_s(text.substr(8, text.find_first_of("+-") - 8)) : std::nullopt;
  return of_day ? std::optional<double>(*day + *of_day) : std::nullopt;
}

std::optional<double> in_seconds(std::optional<double> milliseconds) {
  return milliseconds ? std::optional<double>(*milliseconds / 1000) : std::nullopt;
}

std::optional<double> philips(DcmItem& item, std::uint8_t element) {
  const auto values = private_numbers(item, {0x7053, "Philips PET Private Group", element}, PrivateType::kText);
  return values.empty() ? std::nullopt : std::optional<double>(values.front());
}

}  // namespace

PetHeader read_pet_header(const DicomHeader& slice) {
  const ParsedDicom parsed = parse_dicom(slice.file);
  DcmItem& item = *parsed.data_set;
  PetHeader h;
  h.units = text_of(item, DCM_Units);
  h.suv_type = text_of(item, DCM_SUVType);
  h.decay_correction = text_of(item, DCM_DecayCorrection);
  h.corrected_image = words_of(item, DCM_CorrectedImage);
  h.sex = text_of(item, DCM_PatientSex);
  h.weight_kg = number_of(item, DCM_PatientWeight), h.height_m = number_of(item, DCM_PatientSize);
  h.series_s = date_and_time_s(item, DCM_SeriesDate, DCM_SeriesTime);
  h.acquisition_s = date_and_time_s(item, DCM_AcquisitionDate, DCM_AcquisitionTime);
  h.frame_reference_s = in_seconds(number_of(item, DCM_FrameReferenceTime));
  h.frame_duration_s = in_seconds(number_of(item, DCM_ActualFrameDuration));
  h.philips_suv_factor = philips(item, 0x00), h.philips_activity_factor = philips(item, 0x09);
  h.ge_scan_s = date_time_s(private_text(item, {0x0009, "GEMS_PETD_01", 0x0D}));
  DcmItem* agent = nullptr;
  if (item.findAndGetSequenceItem(DCM_RadiopharmaceuticalInformationSequence, agent, 0).bad() || agent == nullptr) return h;
  h.dose_bq = number_of(*agent, DCM_RadionuclideTotalDose);
  h.half_life_s = number_of(*agent, DCM_RadionuclideHalfLife);
  h.injection_s = date_time_s(text_of(*agent, DCM_RadiopharmaceuticalStartDateTime));
  h.injection_of_day_s = time_of_day_s(text_of(*agent, DCM_RadiopharmaceuticalStartTime));
  return h;
}

}  // namespace consilium::imaging
