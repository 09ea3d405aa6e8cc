#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fl/round.h"

namespace consilium::fl {

// What a coordinator keeps of closed rounds: its memory must not grow with them. The whole reports are in run.sqlite.

/// Participations of a site whose losses a rule asks for (FedPIDAvg's integral term).
inline constexpr std::size_t kRememberedLosses = 5;

/// A site's loss in words of its own that a rule takes: a number of 0 or more.
std::optional<double> loss_in(const std::map<std::string, double>& metrics);

/// Takes out of a closed round's report what no later round asks for: reasons, commitments, and metrics but for "loss" and "seconds".
void shorten(RoundReport& report);

/// Takes out of reports[which] the outcomes of sites of which the `window` reports after it tell all that is asked: the cases, where any are told, and the losses of
/// kRememberedLosses accepted updates, where the outcome has one. Digests and sums stay.
void forget_outcomes(std::vector<RoundReport>& reports, std::size_t which, std::size_t window);

}  // namespace consilium::fl
