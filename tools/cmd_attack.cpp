#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "pipelines/attack/poison.h"
#include "tools/interrupt.h"
#include "tools/verb.h"

namespace consilium::tools {
namespace {

struct AttackWords {
  std::string settings, out, data;
};

void poison(const AttackWords& w, const CommonOptions& common) {
  const fs::path file = w.settings;
  pipelines::PoisonSettings settings = pipelines::parse_poison_settings(read_json(file), file.filename().string(), fs::absolute(file).parent_path());
  const std::string data = w.data.empty() ? settings.simulation.data : w.data;
  require(!data.empty(), ErrorCode::kUsage, w.settings + ": \"data\" is missing in the simulation; name the folder of the sites there or with --data");
  require(fs::is_directory(data), ErrorCode::kNotFound, data + ": no such folder");
  const pipelines::PoisonResults results = pipelines::attack_by_poisoning(settings, data, w.out, stop_on_signals());
  fmt::print("{}", common.json ? to_json(results).dump(2) + "\n" : to_text(results) + "\nwritten: " + (fs::path(w.out) / "poison.html").string() + "\n");
}

}  // namespace

int cmd_attack(int argc, char** argv) {
  CLI::App app("Attacks on one's own federation and models, to see what they withstand. Each writes a page that can be read without knowing the program.", "consilium attack");
  CommonOptions common;
  AttackWords w;
  app.require_subcommand(1);
  const auto verb = [&](const char* word, const char* purpose) {
    CLI::App* sub = app.add_subcommand(word, purpose)->fallthrough();
    sub->add_option("-o", w.out, "folder for the page, figures as JSON, and pictures")->required()->type_name("OUT_DIR");
    return sub;
  };
  CLI::App* poison_verb = verb("poison", "hostile sites in a copy of the federation, under several rules: what the model loses");
  poison_verb->add_option("SETTINGS", w.settings, "JSON file: a simulation, the sites that attack, and how (docs/formats.md)")->required();
  poison_verb->add_option("--data", w.data, "folder of the sites' folders, instead of the simulation's \"data\"");
  add_common(app, common, "consilium attack poison attack.json -o runs/attack");
  return run_verb(app, argc, argv, common, [&] {
    if (*poison_verb) poison(w, common);
    return 0;
  });
}

}  // namespace consilium::tools
