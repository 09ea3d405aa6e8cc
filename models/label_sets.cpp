#include "models/label_sets.h"

#include <algorithm>

#include "base/error.h"

namespace consilium::models {

bool LabelSets::is_complete() const { return count() == static_cast<std::int64_t>(set_of_class.size()); }

std::int64_t LabelSets::count() const { return set_of_class.empty() ? 0 : *std::max_element(set_of_class.begin(), set_of_class.end()) + 1; }

std::vector<std::int64_t> LabelSets::classes_of(std::int64_t set) const {
  std::vector<std::int64_t> classes;
  for (std::size_t c = 0; c < set_of_class.size(); ++c)
    if (set_of_class[c] == set) classes.push_back(static_cast<std::int64_t>(c));
  return classes;
}

void validate(const LabelSets& sets, std::int64_t classes) {
  if (sets.set_of_class.empty()) return;
  require(static_cast<std::int64_t>(sets.set_of_class.size()) == classes, ErrorCode::kMismatch, "label sets of " + std::to_string(sets.set_of_class.size()) + " classes for a network of " + std::to_string(classes));
  std::int64_t next = 0;
  for (const std::int64_t set : sets.set_of_class) {
    require(set >= 0 && set <= next, ErrorCode::kMismatch, "label sets are not numbered in the order of their classes");
    if (set == next) ++next;
  }
  require(next >= 2, ErrorCode::kMismatch, "label sets that put every class together say nothing");
}

}  // namespace consilium::models
