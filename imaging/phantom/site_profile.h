#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/settings.h"
#include "imaging/phantom/acquire.h"

namespace consilium::imaging {

/// One series of a site's exam.
struct ProtocolItem {
  std::string name;         ///< "T1", "T1ce", "T2", "FLAIR", "CT" or "PET"
  std::string description;  ///< the site's own words for it (DICOM series description)
  PhantomModality modality = PhantomModality::kMr;
  MrSequence sequence;
  double dose = 0;
  double snr = 0;            ///< 0: the site's
  double noise_hu = 6;       ///< CT
  double psf_fwhm_mm = 6;    ///< PET
  Vec3 spacing_mm{0, 0, 0};  ///< zeros: the site's, so that all series lie on one grid
};

/// Who comes to this hospital.
struct Population {
  double low_grade_share = 0.2;  ///< of cases, [0, 1]: no enhancing part
  double radius_min_mm = 10;     ///< tumour core
  double radius_max_mm = 24;
  double rim_min_mm = 3;
  double rim_max_mm = 7;
  double oedema_min_mm = 5;
  double oedema_max_mm = 20;
  double irregularity = 0.3;
  double atrophy_min = 0.1;
  double atrophy_max = 0.7;
};

enum class Delivery { kDicom, kNiftiBrats, kNiftiBids };
/// "dicom", "nifti_brats", "nifti_bids": the words of profiles and of the command line.
std::string_view to_string(Delivery delivery);
/// @throws Error{kUsage} naming the nearest known word.
Delivery parse_delivery(const std::string& word);

/// A hospital: its scanner, its protocol, its patients. Every choice may carry a reason in `reasons`.
struct SiteProfile {
  std::string name;
  std::string vendor;  ///< DICOM Manufacturer
  std::string model;
  double field_tesla = 3;
  std::vector<ProtocolItem> protocol;
  std::vector<ProtocolItem> held_out_protocol;  ///< of the patients who test; empty: as the others
  Vec3 spacing_mm{2.6, 2.6, 2.6};  ///< column, row, slice
  double scale = 1;                ///< multiplies every spacing: one profile for a quick look and for full resolution
  Vec3 field_of_view_mm{168, 208, 156};
  SliceOrientation orientation = SliceOrientation::kAxial;
  double oblique_degrees = 0;
  double snr = 40;
  double bias = 0.2;
  double gain = 1000;
  double gain_spread = 0.15;  ///< relative standard deviation of the gain between exams
  double motion_share = 0;    ///< of exams with visible motion
  double motion_strength = 0.1;
  Population population;
  int cases = 10;          ///< for training
  int held_out_cases = 4;  ///< for testing
  Delivery delivery = Delivery::kNiftiBrats;
  std::vector<std::pair<std::string, std::string>> reasons;  ///< key, why
};

/// @throws Error{kUsage} unknown key (the nearest known one is named), missing `name` or `protocol`, or a value out of range.
SiteProfile parse_site_profile(const Json& json, const std::string& origin);
/// @throws as parse_site_profile, and Error{kNotFound}.
SiteProfile read_site_profile(const std::filesystem::path& path);

/// The head of a site's next patient.
HeadOptions draw_patient(const SiteProfile& profile, Rng& rng);

/// One exam: the acquisitions of the protocol for one patient, in protocol order.
std::vector<Acquisition> plan_exam(const SiteProfile& profile, Rng& rng);

}  // namespace consilium::imaging
