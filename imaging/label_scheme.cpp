#include "imaging/label_scheme.h"

#include "base/error.h"
#include "base/settings.h"

namespace consilium::imaging {
namespace {

const std::vector<LabelScheme>& schemes() {
  static const std::vector<Region> kTumour{Region::kWT, Region::kTC, Region::kET};
  static const std::vector<LabelScheme> kSchemes{
      {"brats2021", {{1, kNecrotic}, {2, kOedema}, {4, kEnhancing}}, kTumour},
      {"brats2023", {{1, kNecrotic}, {2, kOedema}, {3, kEnhancing}}, kTumour},
      {"brats2013", {{1, kNecrotic}, {2, kOedema}, {3, kNecrotic}, {4, kEnhancing}}, kTumour},
      {"msd", {{2, kNecrotic}, {1, kOedema}, {3, kEnhancing}}, kTumour},
      {"internal", {{1, kNecrotic}, {2, kOedema}, {3, kEnhancing}}, kTumour},
      {"binary", {{1, 1}}, {Region::kLesion}},
  };
  return kSchemes;
}

constexpr int kNone = -1;

LabelMap translate(const LabelMap& labels, const std::array<int, 256>& table, const std::string& refusal) {
  LabelMap result{labels.geometry, std::vector<Label>(labels.labels.size())};
  for (std::size_t i = 0; i < labels.labels.size(); ++i) {
    const int number = table[labels.labels[i]];
    if (number == kNone) throw Error(ErrorCode::kMismatch, "label " + std::to_string(labels.labels[i]) + refusal);
    result.labels[i] = static_cast<Label>(number);
  }
  return result;
}

}  // namespace

std::string_view to_string(Region region) {
  switch (region) {
    case Region::kWT: return "WT";
    case Region::kTC: return "TC";
    case Region::kET: return "ET";
    case Region::kLesion: return "lesion";
  }
  return "";
}

const LabelScheme& label_scheme(std::string_view name) {
  std::string known;
  for (const LabelScheme& scheme : schemes()) {
    if (scheme.name == name) return scheme;
    known += (known.empty() ? "" : ", ") + scheme.name;
  }
  throw Error(ErrorCode::kUsage, "label scheme \"" + std::string(name) + "\" is not known; known are " + known);
}

LabelMap to_internal(const LabelMap& stored, const LabelScheme& scheme) {
  std::array<int, 256> table;
  table.fill(kNone);
  table[0] = 0;
  std::string numbers = "0";
  for (const auto& entry : scheme.entries) {
    table[entry.stored] = entry.internal;
    numbers += ", " + std::to_string(entry.stored);
  }
  return translate(stored, table, " is not one of scheme " + scheme.name + " (" + numbers + "); name the scheme of these files with --scheme");
}

LabelMap from_internal(const LabelMap& internal, const LabelScheme& scheme) {
  std::array<int, 256> table;
  table.fill(kNone);
  table[0] = 0;
  for (auto entry = scheme.entries.rbegin(); entry != scheme.entries.rend(); ++entry) table[entry->internal] = entry->stored;
  return translate(internal, table, " is not an internal number of scheme " + scheme.name);
}

std::vector<std::uint8_t> region_mask(const LabelMap& internal, Region region) {
  std::array<std::uint8_t, 256> inside{};
  for (int label = 1; label < 256; ++label) {
    switch (region) {
      case Region::kWT:
      case Region::kLesion: inside[label] = 1; break;
      case Region::kTC: inside[label] = label != kOedema ? 1 : 0; break;
      case Region::kET: inside[label] = label == kEnhancing ? 1 : 0; break;
    }
  }
  std::vector<std::uint8_t> mask(internal.labels.size());
  for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = inside[internal.labels[i]];
  return mask;
}

}  // namespace consilium::imaging
