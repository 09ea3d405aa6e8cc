#pragma once

#include <optional>
#include <string>
#include <vector>

#include "imaging/dicom/scan.h"

namespace consilium::imaging {

/// What the SUV of one PET slice depends on. Times are seconds since 1 January 1970, without time zone; only differences count.
struct PetHeader {
  std::string units;                           ///< (0054,1001): BQML, GML, CNTS
  std::string suv_type;                        ///< (0054,1006): BW, LBM, ...; empty: BW
  std::string decay_correction;                ///< (0054,1102): START, ADMIN, NONE
  std::vector<std::string> corrected_image;    ///< (0028,0051)
  std::string sex;                             ///< (0010,0040)
  std::optional<double> weight_kg, height_m;   ///< (0010,1030), (0010,1020)
  std::optional<double> dose_bq, half_life_s;  ///< (0018,1074), (0018,1075)
  std::optional<double> injection_s;           ///< (0018,1078)
  std::optional<double> injection_of_day_s;    ///< (0018,1072), seconds of the day, where no date is given
  std::optional<double> series_s, acquisition_s;            ///< dates and times (0008,0021/0031), (0008,0022/0032)
  std::optional<double> frame_reference_s, frame_duration_s;  ///< (0054,1300), (0018,1242)
  std::optional<double> philips_suv_factor, philips_activity_factor;  ///< (7053,xx00), (7053,xx09)
  std::optional<double> ge_scan_s;                                    ///< (0009,xx0D): when GE's decay correction begins
};

/// Of a slice's file. @throws as read_dicom_header.
PetHeader read_pet_header(const DicomHeader& slice);

/// Norms of the dose: body weight, body surface, lean body mass.
enum class SuvKind { kBodyWeight, kBodySurface, kLeanJames, kLeanJanmahasatian };

/// One factor per slice: SUV = factor * value, in g/ml (body surface: cm2/ml).
///
/// START and ADMIN need ATTN and DECY in Corrected Image, NONE needs ATTN. The decay runs from injection to the start of the scan:
/// Series Time unless it is later than the earliest Acquisition Time (a series made afterwards), then GE's private scan time, then
/// the time that Frame Reference Time and the frame's length give, then the earliest Acquisition Time. ADMIN: none. NONE: to each
/// slice's own frame, with the decay during the frame. GML is SUV already. CNTS: Philips' private factors.
/// @throws Error{kNotFound} naming the tag that is missing; Error{kUnsupported} other units, corrections or a scan before the
/// injection; Error{kMismatch} slices of one series that disagree.
/// Source: QIBA FDG-PET/CT profile, "SUV vendor-neutral pseudo-code" (happy path and robust version).
std::vector<double> suv_factors(const std::vector<PetHeader>& slices, SuvKind kind = SuvKind::kBodyWeight);

/// The series with its slopes and intercepts multiplied by the factors, and its units changed. @throws as suv_factors and
/// read_pet_header; Error{kUnsupported} not a PET series.
Series to_suv(Series series, SuvKind kind = SuvKind::kBodyWeight);

/// Grams. James 1976: 1.10 w - 120 (w/h)^2 for men, 1.07 w - 148 (w/h)^2 for women (kg, cm). Janmahasatian 2005,
/// doi:10.2165/00003088-200544100-00004: 9270 w / (6680 + 216 BMI), 9270 w / (8780 + 244 BMI).
double lean_body_mass_g(SuvKind kind, double weight_kg, double height_m, bool is_female);

}  // namespace consilium::imaging
