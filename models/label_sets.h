#pragma once

#include <cstdint>
#include <vector>

namespace consilium::models {

/// Which classes a reference tells apart: the classes of one set were one label to whoever drew it.
///
/// A site that marks only the whole tumour has the sets {background} and {core, oedema, enhancing}; one that marks only the core has {background, oedema}
/// and {core}, ... A reference stores a class of the set, any one.
struct LabelSets {
  std::vector<std::int64_t> set_of_class;  ///< numbered from 0 in the order of the smallest class, so set 0 holds the background; empty: every class alone

  bool is_complete() const;
  std::int64_t count() const;  ///< of sets; 0 when `set_of_class` is empty
  std::vector<std::int64_t> classes_of(std::int64_t set) const;

  bool operator==(const LabelSets&) const = default;
};

/// @throws Error{kMismatch} other than `classes` classes, numbers not as above, or a single set, which says nothing.
void validate(const LabelSets& sets, std::int64_t classes);

}  // namespace consilium::models
