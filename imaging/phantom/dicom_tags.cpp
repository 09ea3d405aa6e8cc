#include "imaging/phantom/dicom_tags.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <string_view>

namespace consilium::imaging {
namespace {

enum class Maker { kSiemens, kGe, kPhilips, kOther };

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

Maker maker_of(const std::string& vendor) {
  const std::string name = lower(vendor);
  if (name.starts_with("siemens")) return Maker::kSiemens;
  if (name.starts_with("ge ") || name.starts_with("ge_") || name == "ge") return Maker::kGe;
  return name.starts_with("philips") ? Maker::kPhilips : Maker::kOther;
}

constexpr double kTurboFromTeMs = 60;  // nobody waits for a single late echo per excitation

bool is_turbo(const MrSequence& s) { return s.kind != MrKind::kSpoiledGradientEcho && s.te_ms >= kTurboFromTeMs; }

bool is_3d(const ProtocolItem& item) {
  if (item.sequence.kind == MrKind::kSpoiledGradientEcho) return true;
  const std::string words = lower(item.description);
  constexpr std::array<std::string_view, 4> kNames{"3d", "vista", "space", "cube"};
  return std::any_of(kNames.begin(), kNames.end(), [&](std::string_view name) { return words.find(name) != std::string::npos; });
}

std::vector<std::string> image_type(Maker maker, const ProtocolItem& item) {
  if (item.modality == PhantomModality::kPet) return {"ORIGINAL", "PRIMARY"};
  if (item.modality == PhantomModality::kCt)
    return maker == Maker::kSiemens ? std::vector<std::string>{"ORIGINAL", "PRIMARY", "AXIAL", "CT_SOM5 SPI"}
                                    : std::vector<std::string>{"ORIGINAL", "PRIMARY", "AXIAL"};
  switch (maker) {
    case Maker::kSiemens:
      return {"ORIGINAL", "PRIMARY", "M", "ND", "NORM"};
    case Maker::kPhilips: {
      const std::string kind = item.sequence.kind == MrKind::kSpoiledGradientEcho ? "FFE"
                               : item.sequence.kind == MrKind::kInversionRecovery ? "IR"
                                                                                  : "SE";
      return {"ORIGINAL", "PRIMARY", "M_" + kind, "M", kind};
    }
    default:
      return {"ORIGINAL", "PRIMARY", "OTHER"};
  }
}

std::string siemens_sequence_name(const MrTags& mr, MrKind kind) {
  const char* family = kind == MrKind::kSpoiledGradientEcho ? "fl"
                       : kind == MrKind::kInversionRecovery ? "tir"
                       : mr.echo_train > 1                  ? "tse"
                                                            : "se";
  const std::string name = fmt::format("*{}{}d1", family, mr.is_3d ? 3 : 2);
  return mr.echo_train > 1 ? name + "_" + std::to_string(mr.echo_train) : name;
}

MrTags describe_mr(Maker maker, const ProtocolItem& item, double field_tesla) {
  const MrSequence& s = item.sequence;
  MrTags mr;
  mr.field_tesla = field_tesla;
  mr.tr_ms = s.tr_ms;
  mr.te_ms = s.te_ms;
  mr.is_3d = is_3d(item);
  mr.is_signed = maker == Maker::kGe;
  if (s.fat_suppression > 0) mr.scan_options = {"FS"};
  switch (s.kind) {
    case MrKind::kSpinEcho:
      mr.scanning_sequence = {"SE"};
      break;
    case MrKind::kSpoiledGradientEcho:
      mr.scanning_sequence = {"GR"};
      mr.flip_degrees = s.flip_degrees;
      break;
    case MrKind::kInversionRecovery:
      mr.scanning_sequence = maker == Maker::kPhilips ? std::vector<std::string>{"IR"} : std::vector<std::string>{"SE", "IR"};
      mr.ti_ms = s.ti_ms;
      break;
  }
  if (s.kind == MrKind::kSpoiledGradientEcho) {
    mr.sequence_variant = maker == Maker::kGe ? std::vector<std::string>{"SS", "SP", "SK"} : std::vector<std::string>{"SP"};
  } else if (is_turbo(s)) {
    mr.sequence_variant = maker == Maker::kSiemens ? std::vector<std::string>{"SK", "SP"} : std::vector<std::string>{"SK"};
    mr.echo_train =
        std::max(2, static_cast<int>(std::lround(s.te_ms / 6)));  // an echo about every 12 ms, the wanted one in the middle
  }
  if (maker == Maker::kSiemens) mr.sequence_name = siemens_sequence_name(mr, s.kind);
  return mr;
}

}  // namespace

StudyTags describe_study(const SiteProfile& site, const std::string& case_name, int patient_number, std::uint64_t seed,
                         double atrophy, Rng rng) {
  StudyTags study;
  study.uid_name = fmt::format("consilium phantom|{}|{}|{}|{}", seed, site.name, case_name, site.scale);
  study.patient_name = fmt::format("PHANTOM^{:04}", patient_number);
  study.patient_id = case_name;
  study.patient_sex = rng.chance(0.5) ? "F" : "M";
  study.patient_age_years = static_cast<int>(25 + 60 * atrophy);
  study.patient_weight_kg = std::round(std::clamp(rng.normal(76, 13), 45.0, 130.0));
  study.institution = site.name;
  study.manufacturer = site.vendor;
  study.model = site.model;
  return study;
}

SeriesTags describe_series(const SiteProfile& site, const ProtocolItem& item, const Acquisition& acquisition, int number) {
  const Maker maker = maker_of(site.vendor);
  SeriesTags series;
  series.number = number;
  series.description = item.description;
  series.protocol_name = item.description;
  series.image_type = image_type(maker, item);
  series.last_slice_first = maker == Maker::kSiemens;  // sites number their slices from the foot or from the head
  if (acquisition.dose > 0 && item.modality == PhantomModality::kMr) series.contrast_agent = "Gadobutrol";
  if (acquisition.dose > 0 && item.modality == PhantomModality::kCt) series.contrast_agent = "Iohexol";
  switch (item.modality) {
    case PhantomModality::kMr:
      series.modality = describe_mr(maker, item, acquisition.field_tesla);
      break;
    case PhantomModality::kCt:
      series.modality = CtTags{};
      break;
    case PhantomModality::kPet:
      series.modality = PetTags{};
      break;
  }
  return series;
}

}  // namespace consilium::imaging
