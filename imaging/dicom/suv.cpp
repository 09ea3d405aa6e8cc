#include "imaging/dicom/suv.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/error.h"

namespace consilium::imaging {
namespace {

constexpr double kGramsPerKg = 1000, kSecondsPerDay = 86400;

template <typename T>
T needed(const std::optional<T>& value, const char* tag) {
  require(value.has_value(), ErrorCode::kNotFound, std::string("SUV: ") + tag + " is missing");
  return *value;
}

double positive(const std::optional<double>& value, const char* tag) {
  const double number = needed(value, tag);
  require(number > 0, ErrorCode::kUnsupported, std::string("SUV: ") + tag + " is not above 0");
  return number;
}

bool has(const std::vector<std::string>& words, const char* word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

void check_corrections(const PetHeader& h) {
  require(!h.corrected_image.empty(), ErrorCode::kNotFound, "SUV: Corrected Image (0028,0051) is missing");
  require(has(h.corrected_image, "ATTN"), ErrorCode::kUnsupported, "SUV: Corrected Image (0028,0051) lacks ATTN");
  require(!h.decay_correction.empty(), ErrorCode::kNotFound, "SUV: Decay Correction (0054,1102) is missing");
  const bool none = h.decay_correction == "NONE";
  require(none || h.decay_correction == "START" || h.decay_correction == "ADMIN", ErrorCode::kUnsupported,
          "SUV: Decay Correction (0054,1102) is \"" + h.decay_correction + "\"; START, ADMIN and NONE are known");
  require(has(h.corrected_image, "DECY") != none, ErrorCode::kUnsupported,
          std::string("SUV: Corrected Image (0028,0051) ") + (none ? "holds" : "lacks") + " DECY, Decay Correction (0054,1102) is " +
              h.decay_correction);
}

/// Mean activity of a frame -> activity at its beginning. Source: QIBA pseudo-code, "average count rate time within frame".
double decay_within_frame_s(double half_life_s, double frame_s) {
  const double rate = std::numbers::ln2 / half_life_s, decay = rate * frame_s;
  return std::log(decay / -std::expm1(-decay)) / rate;
}

double scan_start_s(const std::vector<PetHeader>& slices, double half_life_s) {
  double earliest = std::numeric_limits<double>::infinity();
  for (const PetHeader& h : slices) earliest = std::min(earliest, needed(h.acquisition_s, "Acquisition Date or Time (0008,0022), (0008,0032)"));
  const PetHeader& first = slices.front();
  if (first.series_s && *first.series_s <= earliest) return *first.series_s;
  if (first.ge_scan_s) return *first.ge_scan_s;
  const auto at_earliest = std::find_if(slices.begin(), slices.end(), [&](const PetHeader& h) { return h.acquisition_s == earliest; });
  if (at_earliest->frame_reference_s.value_or(0) > 0 && at_earliest->frame_duration_s.value_or(0) > 0)
    return earliest - *at_earliest->frame_reference_s + decay_within_frame_s(half_life_s, *at_earliest->frame_duration_s);
  return earliest;
}

/// From injection to `then_s`; a time of day without date is of that day, or of the day before when the scan ran past midnight.
double since_injection_s(const PetHeader& h, double then_s) {
  constexpr double kLongestUptake_s = 12 * 3600;
  if (h.injection_s) {
    require(then_s >= *h.injection_s, ErrorCode::kUnsupported, "SUV: Radiopharmaceutical Start DateTime (0018,1078) is after the scan");
    return then_s - *h.injection_s;
  }
  const double of_day = needed(h.injection_of_day_s, "Radiopharmaceutical Start DateTime (0018,1078) and Time (0018,1072)");
  double passed = then_s - std::floor(then_s / kSecondsPerDay) * kSecondsPerDay - of_day;
  if (passed < 0 && passed + kSecondsPerDay <= kLongestUptake_s) passed += kSecondsPerDay;
  require(passed >= 0, ErrorCode::kUnsupported, "SUV: Radiopharmaceutical Start Time (0018,1072) is after the scan");
  return passed;
}

/// What the decayed dose is divided by.
double norm_of(const PetHeader& h, SuvKind kind) {
  const double weight_kg = positive(h.weight_kg, "Patient's Weight (0010,1030)");
  if (kind == SuvKind::kBodyWeight) return weight_kg * kGramsPerKg;
  const double height_m = positive(h.height_m, "Patient's Size (0010,1020)");
  // Du Bois and Du Bois 1916, doi:10.1001/archinte.1916.00080130010002: square metres from kg and cm.
  if (kind == SuvKind::kBodySurface) return 1e4 * 0.007184 * std::pow(weight_kg, 0.425) * std::pow(100 * height_m, 0.725);
  require(h.sex == "M" || h.sex == "F", ErrorCode::kNotFound, "SUV: Patient's Sex (0010,0040) is missing or neither M nor F");
  return lean_body_mass_g(kind, weight_kg, height_m, h.sex == "F");
}

/// Values -> Bq/ml; nothing when they are SUV already, then `suv` is the factor.
struct Unit {
  double bq_per_ml = 1;
  std::optional<double> suv = {};
};

Unit unit_of(const PetHeader& h, SuvKind kind) {
  require(!h.units.empty(), ErrorCode::kNotFound, "SUV: Units (0054,1001) is missing");
  const bool is_weight = kind == SuvKind::kBodyWeight;
  if (h.units == "BQML") return {};
  if (h.units == "GML" && is_weight) {
    require(h.suv_type.empty() || h.suv_type == "BW", ErrorCode::kUnsupported,
            "SUV: SUV Type (0054,1006) is " + h.suv_type + ", not by body weight");
    return {1, 1.0};
  }
  require(h.units == "CNTS", ErrorCode::kUnsupported,
          "SUV: Units (0054,1001) is " + h.units + "; BQML, CNTS and, by body weight, GML are known");
  if (is_weight && h.philips_suv_factor.value_or(0) > 0) return {1, h.philips_suv_factor};
  const double activity = needed(h.philips_activity_factor, "Philips' SUV factor (7053,1000) and activity factor (7053,1009)");
  require(activity > 0, ErrorCode::kNotFound, "SUV: Philips' SUV factor (7053,1000) and activity factor (7053,1009) are 0");
  return {activity, {}};
}

void check_agreement(const std::vector<PetHeader>& slices) {
  const PetHeader& a = slices.front();
  for (const PetHeader& b : slices)
    require(a.units == b.units && a.decay_correction == b.decay_correction && a.corrected_image == b.corrected_image &&
                a.weight_kg == b.weight_kg && a.dose_bq == b.dose_bq && a.half_life_s == b.half_life_s &&
                a.injection_s == b.injection_s && a.injection_of_day_s == b.injection_of_day_s && a.series_s == b.series_s &&
                a.sex == b.sex && a.height_m == b.height_m,
            ErrorCode::kMismatch, "SUV: slices of the series disagree on units, corrections, weight, dose or times");
}

}  // namespace

double lean_body_mass_g(SuvKind kind, double weight_kg, double height_m, bool is_female) {
  const double ratio = weight_kg / (100 * height_m), bmi = weight_kg / (height_m * height_m);
  if (kind == SuvKind::kLeanJames)
    return kGramsPerKg * (is_female ? 1.07 * weight_kg - 148 * ratio * ratio : 1.10 * weight_kg - 120 * ratio * ratio);
  return kGramsPerKg * 9270 * weight_kg / (is_female ? 8780 + 244 * bmi : 6680 + 216 * bmi);
}

std::vector<double> suv_factors(const std::vector<PetHeader>& slices, SuvKind kind) {
  require(!slices.empty(), ErrorCode::kNotFound, "SUV: no slices");
  check_agreement(slices);
  const PetHeader& first = slices.front();
  const Unit unit = unit_of(first, kind);
  if (first.units != "GML") check_corrections(first);
  if (unit.suv) {
    std::vector<double> factors;
    for (const PetHeader& h : slices) factors.push_back(*unit_of(h, kind).suv);
    return factors;
  }
  const double norm = norm_of(first, kind);
  const double dose_bq = positive(first.dose_bq, "Radionuclide Total Dose (0018,1074)");
  std::vector<double> factors;
  if (first.decay_correction == "ADMIN") {
    for (const PetHeader& h : slices) factors.push_back(unit_of(h, kind).bq_per_ml * norm / dose_bq);
    return factors;
  }
  const double half_life_s = positive(first.half_life_s, "Radionuclide Half Life (0018,1075)");
  const bool none = first.decay_correction == "NONE";
  const double start_s = none ? 0 : scan_start_s(slices, half_life_s);
  for (const PetHeader& h : slices) {
    double decay_s = 0;
    if (none) {
      const double frame_s = positive(h.frame_duration_s, "Actual Frame Duration (0018,1242)");
      decay_s = since_injection_s(h, needed(h.acquisition_s, "Acquisition Date or Time (0008,0022), (0008,0032)")) +
                decay_within_frame_s(half_life_s, frame_s);
    } else {
      decay_s = since_injection_s(h, start_s);
    }
    factors.push_back(unit_of(h, kind).bq_per_ml * norm / (dose_bq * std::exp2(-decay_s / half_life_s)));
  }
  return factors;
}

Series to_suv(Series series, SuvKind kind) {
  require(!series.slices.empty() && series.header().modality == "PT", ErrorCode::kUnsupported, "SUV: not a PET series");
  std::vector<PetHeader> headers;
  for (const DicomHeader& slice : series.slices) headers.push_back(read_pet_header(slice));
  const std::vector<double> factors = suv_factors(headers, kind);
  for (std::size_t n = 0; n < factors.size(); ++n) {
    series.slices[n].slope *= factors[n], series.slices[n].intercept *= factors[n];
    series.slices[n].units = kind == SuvKind::kBodySurface ? "CM2ML" : "GML";
  }
  return series;
}

}  // namespace consilium::imaging
