#pragma once

#include "fl/coordinator.h"

namespace consilium::fl {

/// What travels is committed to (fl/ledger/commitment.h), what stays in one process is not: runs of both kinds are compared without.
inline RunState without_commitments(RunState state) {
  for (RoundReport& report : state.reports)
    for (SiteOutcome& site : report.sites) site.commitment.clear();
  return state;
}

}  // namespace consilium::fl
