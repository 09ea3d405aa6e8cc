#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "imaging/label_scheme.h"
#include "pipelines/segment.h"
#include "pipelines/site_model.h"
#include "pipelines/start_model.h"
#include "pipelines/train_model.h"
#include "tools/device_option.h"
#include "tools/interrupt.h"
#include "tools/train_settings.h"
#include "tools/verb.h"

namespace consilium::tools {

int cmd_train(int argc, char** argv) {
  CLI::App app("Trains one model on the cases of one or several folders. Started again on the same RUN_DIR, it goes on.", "consilium train");
  CommonOptions common;
  std::string settings_file, run, device = "auto";
  std::uint64_t seed = 0;
  bool initial = false;
  app.add_option("SETTINGS", settings_file, "JSON file: sites (name, folder, scheme) and training (docs/formats.md)")->required();
  app.add_option("-o", run, "folder for checkpoints and model.safetensors")->required()->type_name("RUN_DIR");
  CLI::Option* seed_option = app.add_option("--seed", seed, "instead of the settings' training.seed");
  app.add_flag("--initial", initial, "only write RUN_DIR/initial.safetensors, which a coordinator starts a federation from: untrained, or the weights of --start with these settings");
  std::string start;
  app.add_option("--start", start, "model file that training begins with, instead of weights drawn from the seed")->type_name("MODEL");
  add_device_option(app, device);
  add_common(app, common, "consilium train settings.json -o runs/site_a\n  consilium train fine_tuning.json --start model.safetensors --initial -o start   (for a coordinator)");
  return run_verb(app, argc, argv, common, [&] {
    const fs::path file = settings_file;
    TrainSettings settings = parse_train_settings(read_json(file), file.filename().string(), fs::absolute(file).parent_path());
    if (seed_option->count() > 0) settings.training.seed = seed;
    settings.training.device = models::find_device(device);
    if (!start.empty()) pipelines::begin_with(start, settings.training);
    const fs::path folder = run;
    if (initial) {
      pipelines::write_model(folder / "initial.safetensors", pipelines::federation_start(settings.training, pipelines::starting_model(settings.training, start).state()), settings.training);
      const std::string path = (folder / "initial.safetensors").string();
      fmt::print("{}\n", common.json ? Json{{"schema", "consilium.train/1"}, {"model", path}}.dump(2) : path);
      return 0;
    }
    require(!settings.sites.empty(), ErrorCode::kUsage, settings_file + ".sites: name at least one folder of cases");
    std::vector<std::vector<pipelines::PreparedCase>> cases;
    std::vector<pipelines::SiteCases> sites;
    make_folder(folder);  // before work that could not be kept
    stop_on_signals();
    log_line("reading cases");
    for (const auto& site : settings.sites) cases.push_back(pipelines::prepare_site(site.folder, settings.training, labels_of(site), site.files, [](const std::string&) { throw_if_interrupted(); }));
    for (std::size_t n = 0; n < cases.size(); ++n) {
      const auto split = pipelines::split_by_folders(cases[n], settings.sites[n].name, settings.training);
      sites.push_back({settings.sites[n].name, split.train, split.validation});
    }
    Progress progress("training", static_cast<std::uint64_t>(settings.training.steps));
    const auto model = pipelines::train_model("model", sites, settings.training, folder / "checkpoint", [&](std::int64_t steps, double loss) {
      throw_if_interrupted();
      progress.advance(static_cast<std::uint64_t>(steps), fmt::format("loss {:.3f}", loss));
    }, start);
    progress.finish();
    pipelines::write_model(folder / "model.safetensors", model.best, settings.training);
    const std::string path = (folder / "model.safetensors").string();
    if (common.json) {
      Json curve = Json::array();
      for (const auto& p : model.summary.curve) curve.push_back({{"round", p.round}, {"steps", p.steps}, {"loss", p.loss}, {"validation", p.validation}});
      fmt::print("{}\n", Json{{"schema", "consilium.train/1"}, {"model", path}, {"digest", digest(model.best)}, {"best_round", model.summary.best_round}, {"curve", curve}}.dump(2));
    } else {
      fmt::print("{}\n", path);
    }
    return 0;
  });
}

}  // namespace consilium::tools
