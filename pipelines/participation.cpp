#include "pipelines/participation.h"

#include "base/files.h"
#include "fl/run_history.h"

namespace consilium::pipelines {

std::vector<RoundParticipation> read_participation(const fs::path& folder, int fold) {
  std::vector<RoundParticipation> rounds;
  if (!fs::exists(folder / "events.jsonl")) return rounds;  // it was run by a version that kept no events
  const fl::RunStatus status = fl::read_run_status(folder);
  for (const fl::RoundStatus& round : status.recent) {
    if (round.closed == 0) continue;
    RoundParticipation row{fold, round.round, round.is_last_look, std::max(0.0, round.opened - status.started), round.closed - round.opened, {}};
    for (const auto& [name, part] : round.sites) row.sites.push_back({name, part.outcome, part.reason, part.seconds, part.bytes_in, part.bytes_out});
    rounds.push_back(std::move(row));
  }
  return rounds;
}

}  // namespace consilium::pipelines
