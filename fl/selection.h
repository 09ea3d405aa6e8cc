#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/settings.h"
#include "fl/round.h"

namespace consilium::fl {

/// Which sites are asked to train in a round.
enum class SelectionRule {
  kAll,
  kRandom,   ///< `sites` of them, drawn anew in every round (McMahan et al. 2017, algorithm 1: C K clients)
  kLargest,  ///< the `sites` with the most cases (as FLSTAR, first of FeTS 2022 task 1: the six largest sites)
  kFastest,  ///< the `sites` that took the least time when they were asked last (as Sanctuary, second there: slow sites left out)
  kLoss,     ///< the `sites` with the highest loss when they were asked last (Cho et al. 2022, power of choice, arXiv:2010.01243)
};

struct Selection {
  SelectionRule rule = SelectionRule::kAll;
  std::int64_t sites = 0;        ///< how many are asked; 0 with `all`
  std::int64_t all_every = 10;   ///< every so many rounds all are asked, so that what is known of a site does not grow old; not for `random`
  std::uint64_t seed = 1;        ///< of `random`

  bool operator==(const Selection&) const = default;
};

/// Keys: rule; sites; all_every; seed; a key that the rule does not use is refused. @throws Error{kUsage}
void read_selection(SettingsReader& reader, Selection& selection);
Json to_json(const Selection& selection);

/// The sites of a round, sorted, out of `sites` (sorted). Depends on its arguments only, so a coordinator that starts again asks the same ones. Sites of which
/// nothing is known yet come first; equals are taken in the order of their names. The last look asks all: the caller's to see to.
/// Source of the ranking of FeTS: Zenk et al. 2025, Nat Commun 16:6274, table 1.
std::vector<std::string> select_sites(const Selection& selection, const std::vector<std::string>& sites, std::int64_t round, std::span<const RoundReport> history);

}  // namespace consilium::fl
