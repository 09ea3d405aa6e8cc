#include "pipelines/replay.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/stop.h"
#include "fl/ledger/entry.h"
#include "fl/ledger/ledger_book.h"
#include "fl/ledger/verify.h"
#include "pipelines/simulate.h"

namespace consilium::pipelines {
namespace {

fl::Ledger ledger_in(const fs::path& folder) { return read_ledger(fl::Sqlite(folder / "run.sqlite", fl::SqliteMode::kRead)); }

/// With processes the coordinator has a folder of its own.
fs::path recorded_folder(const fs::path& run, const SimulationSettings& settings, int fold) {
  const fs::path folder = settings.folds == 0 ? run / "federation" : run / "federation" / ("fold_" + std::to_string(fold));
  return fs::exists(folder / "coordinator" / "run.sqlite") ? folder / "coordinator" : folder;
}

void require_recorded_settings(const fl::Ledger& ledger, const fl::FederationSettings& settings) {
  const fl::LedgerEntry first = fl::parse_entry(ledger.entries.front(), "the ledger's first entry");
  const auto* run = std::get_if<fl::RunEntry>(&first);
  require(run != nullptr && run->settings == to_json(settings), ErrorCode::kMismatch, "settings.json, or the number of cases of a site, is not what the run in the ledger was begun with");
}

}  // namespace

bool Replay::is_equal() const {
  return std::all_of(rounds.begin(), rounds.end(), [](const ReplayedRound& r) { return r.recorded == r.again; });
}

Replay replay_simulation(const fs::path& run, const fs::path& data, int fold, const std::atomic<bool>* stop) {
  SimulationSettings settings = parse_simulation_settings(read_json(run / "settings.json"), "settings.json");
  require(settings.topology == fl::Topology::kCoordinator, ErrorCode::kUnsupported, run.string() + ": a federation without coordinator keeps no ledger");
  const fs::path source = data.empty() ? fs::path(settings.data) : data;
  require(fs::is_directory(source), ErrorCode::kNotFound, source.string() + ": no such folder; name the sites' folders with --data");
  const fl::Ledger recorded = ledger_in(recorded_folder(run, settings, fold));
  std::vector<std::vector<PreparedCase>> cases;
  for (const SimulatedSite& site : settings.sites) cases.push_back(prepare_site(source / site.folder, settings.training, labels_of(site), site.files, [&](const std::string&) { throw_if_stopped(stop); }));
  const TemporaryFolder again;
  FederationRequest request{settings, source, fold, {}, again.path(), [&](std::int64_t, std::optional<double>) { throw_if_stopped(stop); }, stop, {}};
  for (std::size_t n = 0; n < cases.size(); ++n) request.sites.emplace_back(settings.sites[n].name, split_site(cases[n], settings.sites[n], settings, fold));
  require_recorded_settings(recorded, federation_settings(request));
  federate_in_process(request);
  const std::vector<std::string> then = model_digests(recorded), now = model_digests(ledger_in(again.path()));
  Replay replay;
  for (std::size_t n = 0; n < then.size(); ++n) replay.rounds.push_back({static_cast<std::int64_t>(n), then[n], n < now.size() ? now[n] : ""});
  return replay;
}

}  // namespace consilium::pipelines
