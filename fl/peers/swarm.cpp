#include "fl/peers/swarm.h"

namespace consilium::fl {

void SwarmPeer::close(RoundReport report, std::vector<Update> updates, double now) {
  Outcome outcome{std::move(report), {}, record_.run.memory};
  outcome.global = aggregate(settings_.aggregation, record_.run.global, updates, record_.run.reports, settings_.peers.size(), outcome.memory);
  outcome.report.result_digest = digest(outcome.global);
  propose(std::move(outcome), now);
}

}  // namespace consilium::fl
