#include "imaging/deidentify/treatment.h"

#include <algorithm>
#include <string_view>

namespace consilium::imaging {
namespace {

constexpr unsigned bit(ObjectKind kind) { return static_cast<unsigned>(kind); }
constexpr unsigned kAny = ~0U;
constexpr unsigned kPet = bit(ObjectKind::kPet), kEnhanced = bit(ObjectKind::kEnhanced), kReport = bit(ObjectKind::kReport),
                   kRadiotherapy = bit(ObjectKind::kRadiotherapy), kWaveform = bit(ObjectKind::kWaveform),
                   kPresentation = bit(ObjectKind::kPresentation), kSlide = bit(ObjectKind::kSlide);

/// Which objects need an attribute of a combined action. Source: DICOM PS3.3, the modules named.
struct Need {
  std::uint32_t tag;
  unsigned empty;   ///< Type 2: Z will do
  unsigned filled;  ///< Type 1: D, or U* for sequences of references
};
constexpr Need kNeeds[] = {
    {0x00080012, 0, 0},                                     // Instance Creation Date: SOP Common, 3
    {0x00080021, 0, kPet},                                  // Series Date: PET Series, 1
    {0x00080022, kPet, 0},                                  // Acquisition Date: PET Image, 2
    {0x00080023, 0, kEnhanced | kReport | kWaveform},       // Content Date: Multi-frame Functional Groups and SR Document General, 1
    {0x0008002A, 0, kEnhanced | kWaveform},                 // Acquisition DateTime: enhanced images, 1C; Waveform Identification, 1
    {0x00080031, 0, kPet},                                  // Series Time
    {0x00080032, kPet, 0},                                  // Acquisition Time
    {0x00080033, 0, kEnhanced | kReport | kWaveform},       // Content Time
    {0x00081111, kReport, kEnhanced},                       // Referenced Performed Procedure Step Sequence: SR and KO Series, 2
    {0x00081140, 0, kEnhanced | kReport | kRadiotherapy | kPresentation},  // Referenced Image Sequence
    {0x00082112, 0, kEnhanced | kReport | kRadiotherapy | kPresentation},  // Source Image Sequence
    {0x00102203, kAny, 0},                                  // Patient's Sex Neutered: Patient Study, 2C
    {0x00181000, 0, kEnhanced},                             // Device Serial Number: Enhanced General Equipment, 1
    {0x00189516, 0, kEnhanced},                             // Start Acquisition DateTime: Enhanced XA/XRF, 1C
    {0x00189517, 0, kEnhanced},                             // End Acquisition DateTime
    {0x00321060, kReport, 0},                               // Requested Procedure Description: Referenced Request Sequence, 2
    {0x00400555, kEnhanced | kSlide, 0},                    // Acquisition Context Sequence: 2
    {0x22000002, kSlide, 0},                                // Label Text: Slide Label, 2
    {0x22000005, kSlide, 0},                                // Barcode Value
    {0x300A0006, 0, kRadiotherapy},                         // RT Plan Date: RT General Plan, 2, and Z is not allowed
    {0x300A0007, 0, kRadiotherapy},                         // RT Plan Time
    {0x300A00B2, kRadiotherapy, 0},                         // Treatment Machine Name: RT Beams, 2
    {0x300E0008, kRadiotherapy, 0},                         // Reviewer Name: Approval, 2C
    {0x30080054, 0, kRadiotherapy},                         // First Treatment Date: RT Treatment Summary Record, 2
    {0x30080056, 0, kRadiotherapy},                         // Most Recent Treatment Date
    {0x30080105, kRadiotherapy, 0},                         // Source Serial Number: RT Brachy, 2
    {0x30080250, 0, kRadiotherapy},                         // Treatment Date: RT General Treatment Record, 2
    {0x30080251, 0, kRadiotherapy},                         // Treatment Time
    {0x3010004C, 0, kRadiotherapy},                         // Intended Phase Start Date
    {0x3010004D, 0, kRadiotherapy},                         // Intended Phase End Date
    {0x30100056, 0, kRadiotherapy},                         // RT Treatment Approach Label
    {0x30100077, 0, kRadiotherapy},                         // Treatment Site
};

Need need_of(std::uint32_t tag) {
  const auto at = std::find_if(std::begin(kNeeds), std::end(kNeeds), [&](const Need& need) { return need.tag == tag; });
  return at == std::end(kNeeds) ? Need{tag, 0, 0} : *at;
}

Treatment basic_treatment(const ConfidentialityRow& row, const Place& place) {
  using enum BasicAction;
  const Need need = need_of(row.tag);
  const bool filled = (need.filled & bit(place.kind)) != 0, empty = (need.empty & bit(place.kind)) != 0 || need.empty == kAny;
  switch (row.basic) {
    case kD: return Treatment::kDummy;
    case kZ: return Treatment::kEmpty;
    case kX: return Treatment::kRemove;
    case kU: return Treatment::kMapUid;
    case kXZ: return empty || filled ? Treatment::kEmpty : Treatment::kRemove;
    case kXD: return empty || filled ? Treatment::kDummy : Treatment::kRemove;
    case kZD: return filled ? Treatment::kDummy : Treatment::kEmpty;
    case kXZD: return filled ? Treatment::kDummy : empty ? Treatment::kEmpty : Treatment::kRemove;
    case kXZU: return filled || place.is_nested ? Treatment::kMapUid : empty ? Treatment::kEmpty : Treatment::kRemove;
  }
  return Treatment::kRemove;
}

}  // namespace

ObjectKind object_kind(const std::string& uid) {
  constexpr std::string_view kStorage = "1.2.840.10008.5.1.4.1.1.";
  if (!uid.starts_with(kStorage)) return ObjectKind::kPlain;
  const std::string_view kind = std::string_view(uid).substr(kStorage.size());
  if (kind == "128") return ObjectKind::kPet;
  if (kind == "77.1.6") return ObjectKind::kSlide;
  if (kind.starts_with("88.")) return ObjectKind::kReport;
  if (kind.starts_with("481.")) return ObjectKind::kRadiotherapy;
  if (kind.starts_with("9.")) return ObjectKind::kWaveform;
  if (kind.starts_with("11.")) return ObjectKind::kPresentation;
  constexpr std::string_view kMultiFrame[] = {"2.1", "2.2", "4.1", "4.2", "4.3", "4.4", "6.2", "12.1.1", "12.2.1", "13.1.1", "13.1.2", "13.1.3", "13.1.4", "13.1.5", "14.1", "14.2", "30", "66.1", "66.2", "66.3", "66.4", "66.5", "66.7", "77.1.5.4", "128.1", "130"};
  return std::find(std::begin(kMultiFrame), std::end(kMultiFrame), kind) == std::end(kMultiFrame) ? ObjectKind::kPlain : ObjectKind::kEnhanced;
}

Treatment treatment_of(const ConfidentialityRow& row, const DeidentifyOptions& options, const Place& place) {
  const auto has = [letters = std::string_view(row.options)](char letter) { return letters.find(letter) != std::string_view::npos; };
  if (options.retain_modified_dates && has('t')) return Treatment::kMoveDate;
  if ((options.retain_full_dates && has('t')) || (options.retain_uids && has('u')) || (options.retain_device && has('m')) ||
      (options.retain_institution && has('i')) || (options.retain_characteristics && has('p')))
    return Treatment::kKeep;
  if ((options.clean_descriptors && has('d')) || (options.retain_device && has('M')) || (options.retain_characteristics && has('P')))
    return Treatment::kClean;
  return basic_treatment(row, place);
}

}  // namespace consilium::imaging
