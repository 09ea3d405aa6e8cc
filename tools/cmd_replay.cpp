#include <fmt/format.h>

#include "base/error.h"
#include "base/settings.h"
#include "pipelines/replay.h"
#include "tools/interrupt.h"
#include "tools/verb.h"

namespace consilium::tools {

/// consilium verify --replay: the one part of verify that trains.
int cmd_replay(int argc, char** argv) {
  CLI::App app("Runs a simulation's federation anew by its recorded settings and seed, and compares the model after each round with the run's ledger.", "consilium verify");
  CommonOptions common;
  std::string run, data;
  int fold = 0;
  app.add_option("RUN", run, "a simulation's folder (it holds settings.json and federation)")->required();
  bool replays = true;  // it is why this program runs
  app.add_flag("--replay", replays, "what this does");
  app.add_option("--data", data, "folder of the sites' folders, instead of the settings' \"data\"");
  app.add_option("--fold", fold, "of a cross-validation, from 0 on")->check(CLI::Range(0, 1000));
  add_common(app, common, "consilium verify --replay runs/demo/run --data runs/demo/data");
  return run_verb(app, argc, argv, common, [&] {
    const pipelines::Replay replay = pipelines::replay_simulation(run, data, fold, stop_on_signals());
    Json rounds = Json::array();
    for (const auto& r : replay.rounds) {
      rounds.push_back({{"entry", r.entry}, {"recorded", r.recorded}, {"replayed", r.again}, {"equal", r.recorded == r.again}});
      if (!common.json) fmt::print("entry {}: {} {}\n", r.entry, r.recorded.substr(0, 16), r.recorded == r.again ? "as recorded" : "replayed as " + r.again.substr(0, 16));
    }
    if (common.json) fmt::print("{}\n", Json{{"schema", "consilium.replay/1"}, {"equal", replay.is_equal()}, {"rounds", rounds}}.dump(2));
    else fmt::print("{}\n", replay.is_equal() ? "the replay gives the recorded models" : "the replay does NOT give the recorded models");
    return replay.is_equal() ? 0 : static_cast<int>(ErrorCode::kMismatch);
  });
}

}  // namespace consilium::tools
