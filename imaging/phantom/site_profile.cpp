#include "imaging/phantom/site_profile.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace consilium::imaging {
namespace {

const std::vector<std::pair<std::string, PhantomModality>> kModalities{
    {"MR", PhantomModality::kMr}, {"CT", PhantomModality::kCt}, {"PET", PhantomModality::kPet}};
const std::vector<std::pair<std::string, MrKind>> kSequences{{"spin_echo", MrKind::kSpinEcho},
                                                             {"spoiled_gradient_echo", MrKind::kSpoiledGradientEcho},
                                                             {"inversion_recovery", MrKind::kInversionRecovery}};
const std::vector<std::pair<std::string, SliceOrientation>> kOrientations{
    {"axial", SliceOrientation::kAxial}, {"sagittal", SliceOrientation::kSagittal}, {"coronal", SliceOrientation::kCoronal}};
const std::vector<std::pair<std::string, Delivery>> kDeliveries{
    {"dicom", Delivery::kDicom}, {"nifti_brats", Delivery::kNiftiBrats}, {"nifti_bids", Delivery::kNiftiBids}};
const std::vector<std::string> kSeriesNames{"T1", "T1ce", "T2", "FLAIR", "CT", "PET"};

void require_range(const std::string& key, double value, double low, double high) {
  require(
      std::isfinite(value) && value >= low && value <= high, ErrorCode::kUsage,
      key + ": expected a number in [" + std::to_string(low) + ", " + std::to_string(high) + "], found " + std::to_string(value));
}

void require_ordered(const std::string& key, double low, double high) {
  require(low <= high, ErrorCode::kUsage,
          key + ": the minimum " + std::to_string(low) + " is above the maximum " + std::to_string(high));
}

void read_sequence(SettingsReader& reader, MrSequence& sequence) {
  reader.choice("kind", sequence.kind, kSequences);
  reader.field("tr_ms", sequence.tr_ms);
  reader.field("te_ms", sequence.te_ms);
  reader.field("ti_ms", sequence.ti_ms);
  reader.field("flip_degrees", sequence.flip_degrees);
  reader.field("fat_suppression", sequence.fat_suppression);
  reader.finish();
}

ProtocolItem read_item(SettingsReader& reader) {
  ProtocolItem item;
  reader.required("name", item.name);
  if (std::find(kSeriesNames.begin(), kSeriesNames.end(), item.name) == kSeriesNames.end()) {
    const std::string nearest = nearest_word(item.name, kSeriesNames);
    throw Error(ErrorCode::kUsage, reader.path() + ".name: \"" + item.name + "\" is none of T1, T1ce, T2, FLAIR, CT, PET" +
                                       (nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?"));
  }
  if (item.name == "CT") item.modality = PhantomModality::kCt;
  if (item.name == "PET") item.modality = PhantomModality::kPet;
  item.description = item.name;
  reader.field("description", item.description);
  reader.choice("modality", item.modality, kModalities);
  reader.object("sequence", [&](SettingsReader& sequence) { read_sequence(sequence, item.sequence); });
  reader.field("dose", item.dose);
  reader.field("snr", item.snr);
  reader.field("noise_hu", item.noise_hu);
  reader.field("psf_fwhm_mm", item.psf_fwhm_mm);
  reader.field("spacing_mm", item.spacing_mm);
  reader.finish();
  if (item.modality == PhantomModality::kMr) validate(item.sequence);
  return item;
}

void read_population(SettingsReader& reader, Population& p) {
  reader.field("low_grade_share", p.low_grade_share);
  reader.field("radius_min_mm", p.radius_min_mm);
  reader.field("radius_max_mm", p.radius_max_mm);
  reader.field("rim_min_mm", p.rim_min_mm);
  reader.field("rim_max_mm", p.rim_max_mm);
  reader.field("oedema_min_mm", p.oedema_min_mm);
  reader.field("oedema_max_mm", p.oedema_max_mm);
  reader.field("irregularity", p.irregularity);
  reader.field("atrophy_min", p.atrophy_min);
  reader.field("atrophy_max", p.atrophy_max);
  reader.finish();
}

void validate_protocol(const std::vector<ProtocolItem>& protocol, const std::string& key) {
  for (std::size_t a = 0; a < protocol.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b)
      require(protocol[a].name != protocol[b].name, ErrorCode::kUsage, key + ": two series are named " + protocol[a].name);
    require_range(key + "." + protocol[a].name + ".noise_hu", protocol[a].noise_hu, 0, 500);
    require_range(key + "." + protocol[a].name + ".psf_fwhm_mm", protocol[a].psf_fwhm_mm, 0, 100);
  }
}

void validate(const SiteProfile& s, const std::string& origin) {
  const auto key = [&](const char* name) { return origin + ": " + name; };
  const bool plain = !s.name.empty() && std::all_of(s.name.begin(), s.name.end(),
                                                    [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; });
  require(plain, ErrorCode::kUsage,
          key("name") + " \"" + s.name + "\": expected letters, digits, _ and - only, since it names a folder");
  require(!s.protocol.empty(), ErrorCode::kUsage, key("protocol") + " is empty: name at least one series");
  validate_protocol(s.protocol, key("protocol"));
  validate_protocol(s.held_out_protocol, key("held_out_protocol"));
  require(s.field_tesla == 1.5 || s.field_tesla == 3, ErrorCode::kUsage,
          key("field_tesla") + ": expected 1.5 or 3, found " + std::to_string(s.field_tesla));
  for (std::size_t a = 0; a < 3; ++a) {
    require_range(key("spacing_mm"), s.spacing_mm[a], 0.3, 10);
    require_range(key("field_of_view_mm"), s.field_of_view_mm[a], 20, 400);
  }
  require_range(key("scale"), s.scale, 0.1, 10);
  require_range(key("oblique_degrees"), s.oblique_degrees, -45, 45);
  require_range(key("snr"), s.snr, 0.5, 1e6);
  require_range(key("bias"), s.bias, 0, 1);
  require_range(key("gain"), s.gain, 1e-3, 1e7);
  require_range(key("gain_spread"), s.gain_spread, 0, 2);
  require_range(key("motion_share"), s.motion_share, 0, 1);
  require_range(key("motion_strength"), s.motion_strength, 0, 0.5);
  const Population& p = s.population;
  require_range(key("population.low_grade_share"), p.low_grade_share, 0, 1);
  require_range(key("population.radius_min_mm"), p.radius_min_mm, 3, 40);
  require_range(key("population.radius_max_mm"), p.radius_max_mm, 3, 40);
  require_range(key("population.rim_min_mm"), p.rim_min_mm, 0.5, 40);
  require_range(key("population.rim_max_mm"), p.rim_max_mm, 0.5, 40);
  require_range(key("population.oedema_min_mm"), p.oedema_min_mm, 0, 60);
  require_range(key("population.oedema_max_mm"), p.oedema_max_mm, 0, 60);
  require_range(key("population.irregularity"), p.irregularity, 0, 0.6);
  require_range(key("population.atrophy_min"), p.atrophy_min, 0, 1);
  require_range(key("population.atrophy_max"), p.atrophy_max, 0, 1);
  require_ordered(key("population.radius"), p.radius_min_mm, p.radius_max_mm);
  require_ordered(key("population.rim"), p.rim_min_mm, p.rim_max_mm);
  require_ordered(key("population.oedema"), p.oedema_min_mm, p.oedema_max_mm);
  require_ordered(key("population.atrophy"), p.atrophy_min, p.atrophy_max);
  require(s.cases >= 0 && s.cases <= 9999 && s.held_out_cases >= 0 && s.held_out_cases <= 9999, ErrorCode::kUsage,
          key("cases") + " and held_out_cases: expected 0 to 9999");
}

}  // namespace

std::string_view to_string(Delivery delivery) {
  for (const auto& [word, value] : kDeliveries)
    if (value == delivery) return word;
  throw Error(ErrorCode::kUnexpected, "delivery of an unknown kind");
}

Delivery parse_delivery(const std::string& word) {
  std::vector<std::string> known;
  for (const auto& [name, value] : kDeliveries) {
    if (name == word) return value;
    known.push_back(name);
  }
  const std::string nearest = nearest_word(word, known);
  throw Error(ErrorCode::kUsage, "delivery: \"" + word + "\" is none of dicom, nifti_brats, nifti_bids" +
                                     (nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?"));
}

SiteProfile parse_site_profile(const Json& json, const std::string& origin) {
  SiteProfile site;
  SettingsReader reader(json, origin);
  reader.required("name", site.name);
  reader.field("vendor", site.vendor);
  reader.field("model", site.model);
  reader.field("field_tesla", site.field_tesla);
  require(reader.has("protocol"), ErrorCode::kUsage, origin + ": \"protocol\" is missing");
  reader.list("protocol", [&](SettingsReader& item) { site.protocol.push_back(read_item(item)); });
  reader.list("held_out_protocol", [&](SettingsReader& item) { site.held_out_protocol.push_back(read_item(item)); });
  reader.field("spacing_mm", site.spacing_mm);
  reader.field("scale", site.scale);
  reader.field("field_of_view_mm", site.field_of_view_mm);
  reader.choice("orientation", site.orientation, kOrientations);
  reader.field("oblique_degrees", site.oblique_degrees);
  reader.field("snr", site.snr);
  reader.field("bias", site.bias);
  reader.field("gain", site.gain);
  reader.field("gain_spread", site.gain_spread);
  reader.field("motion_share", site.motion_share);
  reader.field("motion_strength", site.motion_strength);
  reader.object("population", [&](SettingsReader& population) { read_population(population, site.population); });
  reader.field("cases", site.cases);
  reader.field("held_out_cases", site.held_out_cases);
  reader.choice("delivery", site.delivery, kDeliveries);
  std::map<std::string, std::string> reasons;
  reader.field("reasons", reasons);
  site.reasons.assign(reasons.begin(), reasons.end());
  reader.finish();
  validate(site, origin);
  return site;
}

SiteProfile read_site_profile(const std::filesystem::path& path) {
  return parse_site_profile(read_json(path), path.filename().string());
}

HeadOptions draw_patient(const SiteProfile& profile, Rng& rng) {
  const Population& p = profile.population;
  HeadOptions head;
  // The anatomy is drawn at about half the finest voxel acquired, so that every voxel averages several samples.
  double finest = std::min({profile.spacing_mm[0], profile.spacing_mm[1], profile.spacing_mm[2]});
  for (const auto* protocol : {&profile.protocol, &profile.held_out_protocol})
    for (const ProtocolItem& item : *protocol)
      for (const double spacing : item.spacing_mm)
        if (spacing > 0) finest = std::min(finest, spacing);
  head.spacing_mm = std::clamp(0.5 * finest * profile.scale, 0.5, 3.0);
  head.atrophy = rng.uniform(p.atrophy_min, p.atrophy_max);
  head.tumour.low_grade = rng.chance(p.low_grade_share);
  head.tumour.radius_mm = rng.uniform(p.radius_min_mm, p.radius_max_mm);
  head.tumour.rim_mm = rng.uniform(p.rim_min_mm, p.rim_max_mm);
  head.tumour.oedema_reach_mm = rng.uniform(p.oedema_min_mm, p.oedema_max_mm);
  head.tumour.irregularity = p.irregularity;
  return head;
}

std::vector<Acquisition> plan_exam(const SiteProfile& profile, Rng& rng) {
  const bool moved = rng.chance(profile.motion_share);
  std::vector<Acquisition> exam;
  for (const ProtocolItem& item : profile.protocol) {
    Acquisition a;
    a.modality = item.modality;
    Vec3 spacing = item.spacing_mm[0] > 0 ? item.spacing_mm : profile.spacing_mm;
    for (double& s : spacing) s *= profile.scale;
    a.grid = acquisition_grid(profile.orientation, spacing, profile.field_of_view_mm, profile.oblique_degrees);
    a.sequence = item.sequence;
    a.field_tesla = profile.field_tesla;
    a.dose = item.dose;
    a.snr = item.snr > 0 ? item.snr : profile.snr;
    a.noise_hu = item.noise_hu;
    a.psf_fwhm_mm = item.psf_fwhm_mm;
    a.bias = profile.bias;
    a.gain = profile.gain * std::exp(rng.normal(0, profile.gain_spread));  // scanners set their receiver anew for each series
    a.motion = moved ? profile.motion_strength * rng.uniform(0.5, 1) : 0;
    exam.push_back(a);
  }
  return exam;
}

}  // namespace consilium::imaging
