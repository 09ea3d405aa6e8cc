#include "fl/run_history.h"

#include "base/error.h"
#include "fl/aggregate/contribution.h"

namespace consilium::fl {
namespace {

void count_participation(const std::filesystem::path& folder, RunStatus& status) {
  const Sqlite database(folder / "run.sqlite", SqliteMode::kRead);
  if (!database.has_table("participation")) return;  // no round is closed yet
  for (auto& [name, site] : status.sites) site.accepted = site.rejected = site.late = 0, site.last_accepted_round = -1;
  SqliteStatement rows(database, "SELECT site, outcome, COUNT(*), MAX(round) FROM participation WHERE round < ? GROUP BY site, outcome");
  rows.bind(status.rounds);
  while (rows.step()) {
    SiteStatus& site = status.sites[rows.text(0)];
    const std::string outcome = rows.text(1);
    if (outcome == "accepted" || outcome == "merged") {
      site.accepted += rows.integer(2);
      site.last_accepted_round = std::max(site.last_accepted_round, rows.integer(3));
    }
    if (outcome == "rejected") site.rejected = rows.integer(2);
    if (outcome == "late") site.late = rows.integer(2);
  }
  SqliteStatement alike(database, "SELECT site, COUNT(*) FROM metrics WHERE name = 'likeness' AND value > ? GROUP BY site");
  alike.bind(kSameUpdate);
  while (alike.step()) status.alike[alike.text(0)] = alike.integer(1);
  SqliteStatement largest(database, "SELECT site, MAX(cases) FROM participation WHERE cases > 0 GROUP BY site");
  while (largest.step())
    if (SiteStatus& site = status.sites[largest.text(0)]; site.cases < 0) site.cases = largest.integer(1);
}

}  // namespace

RunFollower::RunFollower(const std::filesystem::path& folder) : reader_(folder) {}

std::vector<Event> RunFollower::refresh() {
  std::vector<Event> fresh;
  for (std::vector<Event> some = reader_.next(); !some.empty(); some = reader_.next())
    for (Event& event : some) {
      apply(kept_, event);
      fresh.push_back(std::move(event));
    }
  latest_ = reader_.latest();
  alive_at_ = reader_.alive_at().value_or(0);
  return fresh;
}

RunStatus RunFollower::status() const {
  RunStatus status = with_latest(kept_, latest_);
  status.alive_at = std::max(status.alive_at, alive_at_);
  return status;
}

RunStatus read_run_status(const std::filesystem::path& folder) {
  RunFollower follower(folder);
  follower.refresh();
  RunStatus status = follower.status();
  count_participation(folder, status);
  return status;
}

std::vector<Event> read_events(const std::filesystem::path& folder) { return RunFollower(folder).refresh(); }

}  // namespace consilium::fl
