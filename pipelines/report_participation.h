#pragma once

#include <string>
#include <vector>

#include "pipelines/report_charts.h"
#include "pipelines/run_results.h"

namespace consilium::pipelines {

/// Who was missing in the federation, one sentence a site, the largest site first; empty when every site counted in every round.
std::vector<std::string> missing_sites(const RunResults& results);

/// Sites below each other, time to the right: a bar from the opening of each round to the site's update, or to the round's end where none counted.
/// One per fold. Empty when no round was recorded.
std::vector<Chart> timeline_charts(const RunResults& results);

/// Per site its rounds by outcome, bytes and seconds; then round by round, with reasons.
std::string participation_table(const RunResults& results);
std::string round_table(const RunResults& results);

}  // namespace consilium::pipelines
