#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "pipelines/coordinate.h"
#include "tools/interrupt.h"
#include "tools/verb.h"

namespace consilium::tools {

int cmd_coordinate(int argc, char** argv) {
  CLI::App app("Runs a federation: waits for its sites, averages what they send, keeps its history. Started again, it goes on.", "consilium coordinate");
  CommonOptions common;
  std::string settings_file;
  app.add_option("SETTINGS", settings_file, "JSON file: listen, name, keys, initial_model, folder, sites, quorum, deadline_seconds (docs/formats.md)")->required();
  add_common(app, common, "consilium coordinate coordinator.json");
  return run_verb(app, argc, argv, common, [&] {
    const fs::path file = settings_file;
    const auto settings = pipelines::parse_coordinate_settings(read_json(file), file.filename().string(), fs::absolute(file).parent_path());
    const auto state = pipelines::coordinate(settings, stop_on_signals());
    if (common.json) {
      fmt::print("{}\n", Json{{"schema", "consilium.coordinate/1"}, {"rounds_closed", state.reports.size()}, {"best_round", state.best_round}, {"best_validation", state.best_validation}}.dump(2));
    } else {
      const std::string judged = state.best_validation < 0 ? "no site has validated it" : fmt::format("validation {:.3f}", state.best_validation);
      fmt::print("{} rounds closed, best model after round {} ({})\n", state.reports.size(), state.best_round, judged);
    }
    // Stopped while it waited for sites to fetch the finished model, it has done its work.
    const bool counts = settings.task == pipelines::FederationTask::kStatistics;
    const bool finished = fs::exists(fs::path(settings.folder) / (counts ? "statistics.json" : "model.safetensors"));
    return interrupted() && !finished ? static_cast<int>(ErrorCode::kInterrupted) : 0;
  });
}

}  // namespace consilium::tools
