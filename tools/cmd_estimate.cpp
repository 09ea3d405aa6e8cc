#include <fmt/format.h>

#include "base/files.h"
#include "pipelines/estimate_cost.h"
#include "tools/interrupt.h"
#include "tools/verb.h"

namespace consilium::tools {

int cmd_estimate(int argc, char** argv) {
  CLI::App app("What a federation would cost before anyone installs anything: hours, bytes, memory and who takes part, from a simulation in virtual time.", "consilium estimate");
  CommonOptions common;
  std::string settings_file, run;
  std::int64_t sites = 0;
  std::uint64_t seed = 0;
  app.add_option("SETTINGS", settings_file, "JSON file (docs/formats.md); sample_data/hospitals.json is one")->required();
  app.add_option("-o", run, "folder for estimate.json, rounds.csv and sites.csv")->required()->type_name("RUN_DIR");
  CLI::Option* sites_option = app.add_option("--sites", sites, "instead of the settings' sites");
  CLI::Option* seed_option = app.add_option("--seed", seed, "instead of the settings' seed");
  add_common(app, common, "consilium estimate sample_data/hospitals.json --sites 70 -o runs/seventy");
  return run_verb(app, argc, argv, common, [&] {
    const fs::path file = settings_file;
    fl::EstimateSettings settings = fl::parse_estimate_settings(read_json(file), file.filename().string());
    if (sites_option->count() > 0) settings.sites = sites;
    if (seed_option->count() > 0) settings.seed = seed;
    fl::validate(settings, file.filename().string());
    settings.updates.folder = resolved(fs::absolute(file).parent_path(), settings.updates.folder);
    const pipelines::CostSummary summary = pipelines::estimate_cost(settings, run, stop_on_signals());
    if (common.json) fmt::print("{}", read_file(fs::path(run) / "estimate.json"));
    else fmt::print("{}", to_text(summary, settings));
    return 0;
  });
}

}  // namespace consilium::tools
