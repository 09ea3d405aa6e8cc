#include "pipelines/annotation.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/error.h"

namespace consilium::pipelines {
namespace {

constexpr int kClasses = 4;  // background and imaging's kNecrotic, kOedema, kEnhancing
using Members = std::array<bool, kClasses>;

/// A word and the classes that it covers, as imaging::region_mask.
const std::vector<std::pair<std::string, Members>> kWords{
    {"WT", {false, true, true, true}},        {"TC", {false, true, false, true}},      {"ET", {false, false, false, true}},
    {"necrotic", {false, true, false, false}}, {"oedema", {false, false, true, false}}, {"enhancing", {false, false, false, true}},
};

const Members& members_of(const std::string& word) {
  return std::find_if(kWords.begin(), kWords.end(), [&](const auto& entry) { return entry.first == word; })->second;
}

/// Classes that no named region or tissue separates share a set.
models::LabelSets sets_of(const std::vector<std::string>& names) {
  std::map<std::vector<bool>, std::int64_t> numbers;
  models::LabelSets sets;
  for (int c = 0; c < kClasses; ++c) {
    std::vector<bool> signature;
    for (const std::string& name : names) signature.push_back(members_of(name)[static_cast<std::size_t>(c)]);
    const auto [entry, is_new] = numbers.emplace(signature, static_cast<std::int64_t>(numbers.size()));
    sets.set_of_class.push_back(entry->second);
  }
  return sets;
}

/// A region is shown when it is made of whole sets.
bool shows(const models::LabelSets& sets, const Members& region) {
  for (std::size_t a = 0; a < kClasses; ++a)
    for (std::size_t b = 0; b < kClasses; ++b)
      if (sets.set_of_class[a] == sets.set_of_class[b] && region[a] != region[b]) return false;
  return true;
}

int regions_around(std::int64_t c) {
  int count = 0;
  for (const char* region : {"WT", "TC", "ET"}) count += members_of(region)[static_cast<std::size_t>(c)] ? 1 : 0;
  return count;
}

Label outermost(const std::vector<std::int64_t>& classes) {
  return static_cast<Label>(*std::min_element(classes.begin(), classes.end(), [](std::int64_t a, std::int64_t b) { return regions_around(a) < regions_around(b); }));
}

bool is_binary(const imaging::LabelScheme& scheme) { return scheme.regions == std::vector<imaging::Region>{imaging::Region::kLesion}; }

}  // namespace

void validate_annotated(const std::vector<std::string>& names, const std::string& path) {
  std::set<std::string> seen;
  std::string known;
  for (const auto& [word, members] : kWords) known += (known.empty() ? "" : ", ") + word;
  for (const std::string& name : names) {
    require(std::any_of(kWords.begin(), kWords.end(), [&](const auto& entry) { return entry.first == name; }), ErrorCode::kUsage, path + ": \"" + name + "\" is none of " + known);
    require(seen.insert(name).second, ErrorCode::kUsage, path + ": \"" + name + "\" is named twice");
  }
}

Annotation annotation_of(const SiteLabels& labels, Target target) {
  validate_annotated(labels.annotated, "annotated");
  if (target == Target::kBratsRegions && is_binary(labels.scheme))
    require(labels.annotated.size() == 1, ErrorCode::kUsage, "scheme binary says where a lesion is, not what it is: \"annotated\" names the one region or tissue that its number marks");
  if (labels.annotated.empty()) return {{}, region_names(target)};
  require(target != Target::kLesion, ErrorCode::kUsage, "annotated: regions of a brain tumour have no meaning for target lesion");
  const models::LabelSets sets = sets_of(labels.annotated);
  if (target == Target::kWholeTumour) {
    require(shows(sets, members_of("WT")), ErrorCode::kUsage, "annotated: these labels do not show the whole tumour, which is to be segmented");
    return {{}, region_names(target)};
  }
  Annotation result{sets.is_complete() ? models::LabelSets{} : sets, {}};
  for (const std::string& region : region_names(target))
    if (shows(sets, members_of(region))) result.regions.push_back(region);
  return result;
}

std::vector<std::string> tumour_regions(const SiteLabels& labels) {
  if (is_binary(labels.scheme)) return {};
  return annotation_of(labels, Target::kBratsRegions).regions;
}

LabelMap to_classes(const LabelMap& internal, Target target) {
  LabelMap classes = internal;
  if (target != Target::kBratsRegions)
    for (Label& label : classes.labels) label = label != 0 ? 1 : 0;
  return classes;
}

LabelMap to_known_classes(const LabelMap& internal, const SiteLabels& labels, Target target) {
  const models::LabelSets sets = annotation_of(labels, target).sets;
  LabelMap classes = to_classes(internal, target);
  if (sets.set_of_class.empty()) return classes;
  std::array<Label, kClasses> known{};
  for (std::size_t c = 0; c < kClasses; ++c) known[c] = outermost(sets.classes_of(sets.set_of_class[c]));
  if (is_binary(labels.scheme)) known[1] = outermost(sets.classes_of(1));
  for (Label& label : classes.labels) label = known.at(label);
  return classes;
}

}  // namespace consilium::pipelines
