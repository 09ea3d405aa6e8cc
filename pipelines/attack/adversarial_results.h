#pragma once

#include <string>
#include <vector>

#include "base/settings.h"

namespace consilium::pipelines {

/// A model on images that were changed against it.
struct AdversarialRow {
  std::string method{};       ///< "none", "fgsm" or "pgd"
  double eps = 0;             ///< deviations of the normalised intensity
  std::int64_t steps = 0;
  double dice = 0;            ///< mean over regions and cases
  double loss = 0;            ///< mean over patches and cases
  double gradient_share = 0;  ///< of voxels at which the loss has a gradient
};

struct AdversarialResults {
  std::string model;
  std::size_t cases = 0;
  std::vector<AdversarialRow> rows;  ///< the clean images first
  Json settings;

  /// Is the attack blunted rather than answered? A gradient that is 0 at more than half of the voxels, or PGD doing less than FGSM at the same distance.
  bool hides_gradient() const;
};

Json to_json(const AdversarialResults& results);
std::string to_text(const AdversarialResults& results);
std::string adversarial_page(const AdversarialResults& results);

}  // namespace consilium::pipelines
