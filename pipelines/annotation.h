#pragma once

#include <string>
#include <vector>

#include "imaging/label_map.h"
#include "imaging/label_scheme.h"
#include "models/label_sets.h"
#include "pipelines/training_settings.h"

namespace consilium::pipelines {

/// What the label files of a site hold.
struct SiteLabels {
  /// Not explicit: a scheme alone is the usual site, whose labels are complete.
  SiteLabels(const imaging::LabelScheme& numbers, std::vector<std::string> names = {}, bool in_full = false) : scheme(numbers), annotated(std::move(names)), judged_in_full(in_full) {}

  const imaging::LabelScheme& scheme;
  std::vector<std::string> annotated;  ///< regions (WT, TC, ET) and tissues (necrotic, oedema, enhancing) that the site marks; empty: all
  bool judged_in_full;                 ///< a simulation's test cases are labelled in full, whatever trains
};

/// @throws Error{kUsage} naming `path` and a word that is no region and no tissue, or stands twice.
void validate_annotated(const std::vector<std::string>& names, const std::string& path);

/// What a site's labels say about one target.
struct Annotation {
  models::LabelSets sets;            ///< classes that its labels tell apart; empty: all
  std::vector<std::string> regions;  ///< of region_names(target), those that its labels show
};

/// @throws Error{kUsage} the labels show nothing of the target; a binary scheme for brats_regions without the one region that its number marks.
Annotation annotation_of(const SiteLabels& labels, Target target);

/// Of WT, TC, ET, those that the labels show whatever is trained; none of a binary scheme, whose lesion may be any.
std::vector<std::string> tumour_regions(const SiteLabels& labels);

/// Internal label numbers -> the target's classes.
LabelMap to_classes(const LabelMap& internal, Target target);
/// The same as the site knows them: each class becomes the one of its set that lies in the fewest regions, so that read as
/// complete labels what is not marked is absent.
LabelMap to_known_classes(const LabelMap& internal, const SiteLabels& labels, Target target);

}  // namespace consilium::pipelines
