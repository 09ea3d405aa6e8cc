#include "imaging/structure_terms.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <string>

#include "base/error.h"

namespace consilium::imaging {
namespace {

struct Row {
  std::string_view name;
  const char *value, *scheme, *meaning;
  std::array<std::uint8_t, 3> rgb;
  bool is_lesion = false;  ///< morphologically abnormal, not anatomy
};

constexpr Row kRows[]{
    {"necrosis", "6574001", "SCT", "Necrosis", {216, 101, 79}, true},
    {"edema", "79654002", "SCT", "Edema", {140, 224, 228}, true},
    {"enhancing tumor", "C113842", "NCIt", "Enhancing Lesion", {250, 210, 60}, true},
    {"non-enhancing tumor", "C81175", "NCIt", "Non-Enhancing Lesion", {182, 166, 110}, true},
    {"lesion", "52988006", "SCT", "Lesion", {253, 135, 192}, true},
    {"tumor", "108369006", "SCT", "Neoplasm", {144, 238, 144}, true},
    {"primary tumor", "86049000", "SCT", "Neoplasm, Primary", {144, 238, 144}, true},
    {"metastasis", "14799000", "SCT", "Neoplasm, Secondary", {188, 143, 143}, true},
    {"brain", "12738006", "SCT", "Brain", {250, 250, 225}},
    {"brain stem", "119238007", "SCT", "Brain stem", {90, 120, 90}},
    {"cerebellum", "113305005", "SCT", "Cerebellum", {230, 148, 34}},
    {"hippocampus", "5366008", "SCT", "Hippocampus", {220, 216, 20}},
    {"white matter", "389080008", "SCT", "White Matter", {250, 250, 225}},
    {"gray matter", "389081007", "SCT", "Gray Matter", {200, 200, 215}},
    {"optic nerve", "18234004", "SCT", "optic nerve", {255, 234, 92}},
    {"optic chiasm", "244453006", "SCT", "Optic chiasm", {204, 168, 143}},
    {"eye", "81745001", "SCT", "Eye", {194, 142, 0}},
    {"skull", "89546000", "SCT", "Skull", {241, 214, 145}},
    {"mandible", "91609006", "SCT", "Mandible", {222, 198, 101}},
    {"parotid gland", "45289007", "SCT", "Parotid gland", {240, 128, 98}},
    {"submandibular gland", "54019009", "SCT", "Submandibular gland", {210, 110, 130}},
    {"larynx", "4596009", "SCT", "Larynx", {150, 208, 243}},
    {"thyroid", "69748006", "SCT", "Thyroid", {62, 162, 114}},
    {"spinal cord", "2748008", "SCT", "Spinal cord", {244, 214, 49}},
    {"vertebra", "51282000", "SCT", "Vertebra", {255, 255, 207}},
    {"sacrum", "54735007", "SCT", "Sacrum", {212, 188, 102}},
    {"rib", "113197003", "SCT", "Rib", {253, 232, 158}},
    {"sternum", "56873002", "SCT", "Sternum", {244, 217, 154}},
    {"clavicle", "51299004", "SCT", "Clavicle", {205, 179, 108}},
    {"scapula", "79601000", "SCT", "Scapula", {212, 198, 120}},
    {"humerus", "85050009", "SCT", "Humerus", {205, 205, 100}},
    {"femur", "71341001", "SCT", "Femur", {255, 238, 170}},
    {"bone", "272673000", "SCT", "Bone", {241, 214, 145}},
    {"muscle", "71616004", "SCT", "Muscle", {192, 104, 88}},
    {"skin", "39937001", "SCT", "Skin", {177, 122, 101}},
    {"trachea", "44567001", "SCT", "Trachea", {182, 228, 255}},
    {"lung", "39607008", "SCT", "Lung", {197, 165, 145}},
    {"heart", "80891009", "SCT", "Heart", {206, 110, 84}},
    {"aorta", "15825003", "SCT", "Aorta", {224, 97, 76}},
    {"pulmonary artery", "81040000", "SCT", "Pulmonary artery", {0, 122, 171}},
    {"superior vena cava", "48345005", "SCT", "Superior Vena Cava", {0, 151, 206}},
    {"inferior vena cava", "64131007", "SCT", "Inferior Vena Cava", {0, 140, 190}},
    {"portal vein", "32764006", "SCT", "Portal Vein", {0, 151, 206}},
    {"thymus", "9875009", "SCT", "Thymus", {47, 150, 103}},
    {"esophagus", "32849002", "SCT", "Esophagus", {211, 171, 143}},
    {"stomach", "69695003", "SCT", "Stomach", {216, 132, 105}},
    {"duodenum", "38848004", "SCT", "Duodenum", {255, 253, 229}},
    {"small intestine", "30315005", "SCT", "Small intestine", {205, 167, 142}},
    {"colon", "71854001", "SCT", "Colon", {204, 168, 143}},
    {"rectum", "34402009", "SCT", "Rectum", {225, 130, 140}},
    {"liver", "10200004", "SCT", "Liver", {221, 130, 101}},
    {"gallbladder", "28231008", "SCT", "Gallbladder", {139, 150, 98}},
    {"pancreas", "15776009", "SCT", "Pancreas", {249, 180, 111}},
    {"spleen", "78961009", "SCT", "Spleen", {157, 108, 162}},
    {"kidney", "64033007", "SCT", "Kidney", {185, 102, 83}},
    {"adrenal gland", "23451007", "SCT", "Adrenal gland", {249, 186, 150}},
    {"urinary bladder", "89837001", "SCT", "Bladder", {222, 154, 132}},
    {"prostate", "41216001", "SCT", "Prostate", {230, 158, 140}},
    {"uterus", "35039007", "SCT", "Uterus", {255, 181, 158}},
    {"ovary", "15497006", "SCT", "Ovary", {213, 141, 113}},
    {"testis", "40689003", "SCT", "Testis", {255, 222, 173}},
    {"lymph node", "59441001", "SCT", "Lymph node", {68, 172, 100}},
};

/// Names that people use for a row's.
constexpr std::pair<std::string_view, std::string_view> kOtherNames[]{
    {"ncr", "necrosis"},           {"necrotic core", "necrosis"},       {"necrotic tumor core", "necrosis"},
    {"ed", "edema"},               {"oedema", "edema"},                 {"peritumoral edema", "edema"},
    {"et", "enhancing tumor"},     {"enhancing lesion", "enhancing tumor"}, {"enhancing", "enhancing tumor"},
    {"non enhancing lesion", "non-enhancing tumor"}, {"neoplasm", "tumor"}, {"tumour", "tumor"},
    {"gtv", "tumor"},              {"bladder", "urinary bladder"},      {"oesophagus", "esophagus"},
    {"brainstem", "brain stem"},   {"small bowel", "small intestine"},  {"thyroid gland", "thyroid"},
    {"enhancing tumour", "enhancing tumor"}, {"non enhancing tumour", "non-enhancing tumor"}, {"parotid", "parotid gland"},
    {"vena cava inferior", "inferior vena cava"},
};

const CodedTerm kAnatomy{"123037004", "SCT", "Anatomical Structure"}, kAbnormal{"49755003", "SCT", "Morphologically Abnormal Structure"},
    kRight{"24028007", "SCT", "Right"}, kLeft{"7771000", "SCT", "Left"}, kBrain{"12738006", "SCT", "Brain"};

/// Lower case, words apart by one space.
std::string plain(std::string_view name) {
  std::string text;
  for (const char c : name) {
    const bool is_word = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (is_word) text += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (!is_word && !text.empty() && text.back() != ' ') text += ' ';
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

/// Takes a side off a plain name.
CodedTerm side_of(std::string& name) {
  for (const auto& [word, term] : {std::pair{std::string("left"), &kLeft}, {std::string("right"), &kRight}}) {
    if (name.starts_with(word + " ")) return name.erase(0, word.size() + 1), *term;
    if (name.ends_with(" " + word)) return name.erase(name.size() - word.size() - 1), *term;
  }
  return {};
}

const Row* row_of(std::string name) {
  for (const auto& [other, known] : kOtherNames)
    if (plain(other) == name) name = plain(known);
  const auto* row = std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& r) { return plain(r.name) == name || plain(r.meaning) == name; });
  return row == std::end(kRows) ? nullptr : row;
}

Segment tumour_segment(const char* name, const char* term, Label label) {
  Segment segment = *find_structure(term);
  segment.name = name, segment.label = label, segment.region = kBrain;
  return segment;
}

Segment tissue_segment(Label internal, Label stored) {
  if (internal == kNecrotic) return tumour_segment("Necrotic tumor core", "necrosis", stored);
  if (internal == kOedema) return tumour_segment("Edema", "edema", stored);
  return tumour_segment("Enhancing tumor", "enhancing tumor", stored);
}

}  // namespace

std::optional<Segment> find_structure(std::string_view name) {
  std::string text = plain(name);
  const CodedTerm side = side_of(text);
  const Row* row = row_of(text);
  if (row == nullptr) return std::nullopt;
  Segment segment;
  segment.name = std::string(name);
  segment.category = row->is_lesion ? kAbnormal : kAnatomy;
  segment.type = {row->value, row->scheme, row->meaning};
  segment.modifier = side;
  segment.rgb = row->rgb;
  return segment;
}

std::vector<std::string_view> structure_names() {
  std::vector<std::string_view> names;
  for (const Row& row : kRows) names.push_back(row.name);
  return names;
}

std::vector<Segment> segments_of(const LabelScheme& scheme) {
  std::vector<Segment> segments;
  const bool is_binary = scheme.regions == std::vector<Region>{Region::kLesion};
  for (const auto& [stored, internal] : scheme.entries) {
    Segment segment = is_binary ? *find_structure("lesion") : tissue_segment(internal, stored);
    if (is_binary) segment.name = "Lesion", segment.label = stored;
    // Two numbers of one tissue (BRATS 2013: necrosis and non-enhancing tumour).
    const bool is_second = std::any_of(segments.begin(), segments.end(), [&](const Segment& s) { return s.type == segment.type; });
    if (is_second) segment = tumour_segment("Non-enhancing tumor", "non-enhancing tumor", stored);
    segments.push_back(std::move(segment));
  }
  return segments;
}

Segment segment_of(Region region) {
  if (region == Region::kWT) return tumour_segment("WT", "lesion", 1);
  if (region == Region::kTC) return tumour_segment("TC", "tumor", 2);
  if (region == Region::kET) return tumour_segment("ET", "enhancing tumor", 3);
  Segment lesion = *find_structure("lesion");
  lesion.name = "Lesion", lesion.label = 1;
  return lesion;
}

std::optional<Label> tissue_of(const Segment& segment) {
  const Row* row = nullptr;
  for (const Row& r : kRows)
    if (segment.type.value == r.value && segment.type.scheme == r.scheme) row = &r;
  if (row == nullptr) row = row_of(plain(segment.name));
  if (row == nullptr) return std::nullopt;
  if (row->name == "necrosis" || row->name == "non-enhancing tumor") return kNecrotic;
  if (row->name == "edema") return kOedema;
  if (row->name == "enhancing tumor") return kEnhancing;
  return std::nullopt;
}

std::optional<Region> region_of(const Segment& segment) {
  const std::string name = plain(segment.name);
  for (const char* known : {"wt", "whole tumor", "whole tumour"})
    if (name == known) return Region::kWT;
  for (const char* known : {"tc", "tumor core", "tumour core"})
    if (name == known) return Region::kTC;
  for (const char* known : {"et", "enhancing tumor", "enhancing tumour"})
    if (name == known) return Region::kET;
  return std::nullopt;
}

void compose_scheme_plane(const Structures& structures, const LabelScheme& scheme, std::size_t k, std::span<Label> labels) {
  const bool is_binary = scheme.regions == std::vector<Region>{Region::kLesion};
  // WT below TC below ET: what is left of each to see is oedema, the rest of the core, and the enhancing tumour.
  constexpr Label kShownBy[]{kOedema, kNecrotic, kEnhancing};
  std::vector<std::array<std::uint8_t, 3>> stack(labels.size());
  structures.visit_plane(k, [&](std::size_t n, std::span<const std::uint8_t> voxels) {
    const Segment& segment = structures.segments[n];
    const auto region = region_of(segment);
    const auto tissue = tissue_of(segment);
    require(is_binary || region || tissue, ErrorCode::kMismatch,
            "segment " + std::to_string(segment.number) + " (" + segment.type.meaning + ") is none of scheme " + scheme.name);
    const Label shown = is_binary ? Label{1} : region ? kShownBy[static_cast<std::size_t>(*region)] : *tissue;
    const std::size_t height = is_binary ? 0 : shown == kOedema ? 0 : shown == kNecrotic ? 1 : 2;
    for (std::size_t v = 0; v < voxels.size(); ++v)
      if (voxels[v] != 0) stack[v][height] = shown;
  });
  for (std::size_t v = 0; v < labels.size(); ++v) {
    const Label internal = stack[v][2] != 0 ? stack[v][2] : stack[v][1] != 0 ? stack[v][1] : stack[v][0];
    const auto entry = std::find_if(scheme.entries.begin(), scheme.entries.end(), [&](const auto& e) { return e.internal == internal; });
    require(internal == 0 || entry != scheme.entries.end(), ErrorCode::kMismatch, "a segment is none of scheme " + scheme.name);
    labels[v] = internal == 0 ? Label{0} : entry->stored;
  }
}

}  // namespace consilium::imaging
