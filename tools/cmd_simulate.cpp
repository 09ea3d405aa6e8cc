#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "pipelines/simulate.h"
#include "pipelines/simulate_processes.h"
#include "pipelines/simulate_ranks.h"
#include "pipelines/start_model.h"
#include "tools/device_option.h"
#include "tools/interrupt.h"
#include "tools/verb.h"

namespace consilium::tools {

int cmd_simulate(int argc, char** argv) {
  CLI::App app("Compares single-site, pooled and federated models on one machine: trains all with equal steps, judges each at every site.", "consilium simulate");
  CommonOptions common;
  std::string settings_file, run, data;
  std::uint64_t seed = 0;
  app.add_option("SETTINGS", settings_file, "JSON file; sample_data/demo.json is one")->required();
  app.add_option("-o", run, "folder for models, predictions and results.json; started again on it, the run goes on")->required()->type_name("RUN_DIR");
  app.add_option("--data", data, "folder of the sites' folders, instead of the settings' \"data\"");
  std::string start, device = "auto";
  app.add_option("--start", start, "model file that every training begins with, instead of weights drawn from the seed (and of the settings' \"start\")")->type_name("MODEL");
  bool processes = false;
  app.add_flag("--processes", processes, "coordinator and sites as processes that speak gRPC over mutual TLS; else as threads");
  CLI::Option* seed_option = app.add_option("--seed", seed, "instead of the settings' training.seed");
  add_device_option(app, device);
  add_common(app, common,
             "consilium simulate sample_data/demo.json --data runs/demo/data -o runs/demo/run --processes\n  mpirun -n 3 consilium simulate sample_data/demo.json --data runs/demo/data -o runs/demo/run   (or srun: ranks share the work through RUN_DIR)");
  return run_verb(app, argc, argv, common, [&] {
    pipelines::SimulationSettings settings = pipelines::parse_simulation_settings(read_json(settings_file), fs::path(settings_file).filename().string());
    // A path in a settings file is relative to the file, one on the command line to where the user is.
    const fs::path beside = fs::absolute(settings_file).parent_path();
    settings.data = resolved(beside, settings.data);
    if (!data.empty()) settings.data = data;
    settings.start = resolved(beside, settings.start);
    if (!start.empty()) settings.start = start;
    if (!settings.start.empty()) pipelines::begin_with(settings.start, settings.training);
    require(!settings.data.empty(), ErrorCode::kUsage, settings_file + ": \"data\" is missing; name the folder of the sites there or with --data");
    require(fs::is_directory(settings.data), ErrorCode::kNotFound, settings.data + ": no such folder");
    if (seed_option->count() > 0) settings.training.seed = seed;
    settings.training.device = models::find_device(device);
    const pipelines::Rank rank = pipelines::rank_from_environment();
    require(!processes || rank.is_alone(), ErrorCode::kUsage, "--processes: the ranks that mpirun or srun started share the run already");
    if (rank.number > 0) set_progress_quiet(true);
    const auto federate = processes ? pipelines::federate_in_processes : rank.is_alone() ? pipelines::federate_in_process : pipelines::federate_among_ranks;
    const auto results = pipelines::simulate(settings, settings.data, run, federate, stop_on_signals(), rank);
    if (rank.number == 0) fmt::print("{}", common.json ? to_json(results).dump(2) + "\n" : to_text(results));
    return 0;
  });
}

}  // namespace consilium::tools
