#pragma once

#include "base/rng.h"
#include "models/presence.h"

namespace consilium::models {

/// Leaves each modality of each sample out with this chance; a sample that would lose all keeps one of them, any. A sample of one modality keeps it.
/// Source: ModDrop, Neverova et al. 2016 (arXiv:1501.00102).
Presence drop_modalities(const Presence& presence, double chance, Rng& rng);

}  // namespace consilium::models
