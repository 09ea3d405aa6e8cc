#pragma once

#include <span>
#include <vector>

namespace consilium::fl {

/// What each of several transfers gets of a line of `capacity` when none may take more than its own `limits`: max-min fairness, by filling the
/// smallest limits first (Bertsekas and Gallager, Data Networks, section 6.5.2). It is what TCP flows of equal round-trip time tend to.
std::vector<double> fair_shares(std::span<const double> limits, double capacity);

}  // namespace consilium::fl
