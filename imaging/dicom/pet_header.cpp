#include "imaging/dicom/parse.h"
#include "imaging/dicom/private_tags.h"
#include "imaging/dicom/suv.h"
#include "imaging/dicom/times.h"
#include "imaging/dicom/values.h"

namespace consilium::imaging {
namespace {

std::optional<double> date_and_time_s(DcmItem& item, const DcmTagKey& date, const DcmTagKey& time) {
  const auto day = date_s(text_of(item, date)), of_day = time_of_day_s(text_of(item, time));
  return day && of_day ? std::optional<double>(*day + *of_day) : std::nullopt;
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
