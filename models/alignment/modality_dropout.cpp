#include "models/alignment/modality_dropout.h"

#include <algorithm>

namespace consilium::models {

Presence drop_modalities(const Presence& presence, double chance, Rng& rng) {
  Presence kept = presence;
  for (ModalitySet& set : kept) {
    std::vector<std::size_t> there;
    for (std::size_t m = 0; m < set.size(); ++m)
      if (set[m]) there.push_back(m);
    if (there.size() < 2) continue;
    for (const std::size_t m : there) set[m] = !rng.chance(chance);
    const std::size_t last = there[rng.below(there.size())];
    if (std::none_of(there.begin(), there.end(), [&](std::size_t m) { return set[m]; })) set[last] = true;
  }
  return kept;
}

}  // namespace consilium::models
