#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "models/runtime.h"
#include "pipelines/attack/adversarial.h"
#include "pipelines/attack/inversion.h"
#include "pipelines/attack/membership.h"
#include "pipelines/attack/poison.h"
#include "tools/device_option.h"
#include "tools/interrupt.h"
#include "tools/verb.h"

namespace consilium::tools {
namespace {

struct AttackWords {
  std::string settings, out, data, model, reference, split = "test", device = "auto";
  pipelines::LabelledFolder cases;
  std::string others;
  pipelines::AdversarialAttack adversarial;
  pipelines::InversionAttack inversion;
};

/// Page, figures, and what is printed.
template <typename Results>
void show(const Results& results, const std::string& page, const AttackWords& w, const std::string& name, const CommonOptions& common) {
  const fs::path html = fs::path(w.out) / (name + ".html");
  write_file(html, page);
  write_file(fs::path(w.out) / (name + ".json"), to_json(results).dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
  fmt::print("{}", common.json ? to_json(results).dump(2, ' ', false, Json::error_handler_t::replace) + "\n" : to_text(results) + "\nwritten: " + html.string() + "\n");
}

void poison(const AttackWords& w, const CommonOptions& common) {
  const fs::path file = w.settings;
  pipelines::PoisonSettings settings = pipelines::parse_poison_settings(read_json(file), file.filename().string(), fs::absolute(file).parent_path());
  settings.simulation.training.device = models::find_device(w.device);
  const std::string data = w.data.empty() ? settings.simulation.data : w.data;
  require(!data.empty(), ErrorCode::kUsage, w.settings + ": \"data\" is missing in the simulation; name the folder of the sites there or with --data");
  require(fs::is_directory(data), ErrorCode::kNotFound, data + ": no such folder");
  const pipelines::PoisonResults results = pipelines::attack_by_poisoning(settings, data, w.out, stop_on_signals());
  show(results, poison_page(results), w, "poison", common);
}

void invert(const AttackWords& w, const CommonOptions& common) {
  make_folder(w.out);  // before work that could not be kept
  const pipelines::InversionResults results = pipelines::attack_by_inversion(w.cases, w.inversion, stop_on_signals());
  write_file(fs::path(w.out) / "inversion.png", inversion_picture(results));
  show(results, inversion_page(results), w, "inversion", common);
}

void membership(const AttackWords& w, const CommonOptions& common) {
  const pipelines::LoadedModel model = pipelines::read_model(w.model, models::find_device(w.device));
  std::optional<pipelines::LoadedModel> reference;
  if (!w.reference.empty()) reference = pipelines::read_model(w.reference, models::find_device(w.device));
  make_folder(w.out);
  log_line("reading cases");
  const auto members = pipelines::read_labelled_cases(w.cases, model.settings, w.others.empty() ? "train" : "", stop_on_signals());
  const auto others = pipelines::read_labelled_cases({w.others.empty() ? w.cases.folder : fs::path(w.others), w.cases.scheme}, model.settings, w.others.empty() ? "test" : "", stop_on_signals());
  pipelines::MembershipResults results = pipelines::attack_membership(model, members, others, reference ? &*reference : nullptr, stop_on_signals());
  results.model = fs::path(w.model).filename().string();
  show(results, membership_page(results), w, "membership", common);
}

void adversarial(const AttackWords& w, const CommonOptions& common) {
  const pipelines::LoadedModel model = pipelines::read_model(w.model, models::find_device(w.device));
  make_folder(w.out);
  log_line("reading cases");
  const auto cases = pipelines::read_labelled_cases(w.cases, model.settings, w.split == "all" ? "" : w.split, stop_on_signals());
  pipelines::AdversarialResults results = pipelines::attack_with_changed_images(model, cases, w.adversarial, stop_on_signals());
  results.model = fs::path(w.model).filename().string();
  show(results, adversarial_page(results), w, "adversarial", common);
}

void add_inversion_options(CLI::App& verb, pipelines::InversionAttack& inversion) {
  verb.add_option("--channel", inversion.channel, "whose cubes are attacked (default FLAIR)");
  verb.add_option("--spacing", inversion.spacing_mm, "voxel size, mm (default 4)");
  verb.add_option("--size", inversion.size, "voxels along each axis of the cube (default 16)");
  verb.add_option("--iterations", inversion.iterations, "of the search (default 400)");
  verb.add_option("--sites", inversion.sites, "in a secure sum (default 3)");
  verb.add_option("--batch", inversion.batch, "patients in one step (default 4)");
  verb.add_option("--steps", inversion.steps, "local steps (default 4)");
  verb.add_option("--clip", inversion.clip, "norm to which a patient's gradient is cut (default 1)");
  verb.add_option("--noise", inversion.noise, "noise on every value, in clips (default 1)");
  verb.add_option("--seed", inversion.seed, "of network, search and noise (default 1)");
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
  const auto example = [](CLI::App* sub, const std::string& words) { sub->footer("Example:\n  consilium attack " + words); };
  CLI::App* poison_verb = verb("poison", "hostile sites in a copy of the federation, under several rules: what the model loses");
  poison_verb->add_option("SETTINGS", w.settings, "JSON file: a simulation, the sites that attack, and how (docs/formats.md)")->required();
  poison_verb->add_option("--data", w.data, "folder of the sites' folders, instead of the simulation's \"data\"");
  example(poison_verb, "poison attack.json --data runs/demo/data -o runs/attack");
  CLI::App* invert_verb = verb("invert", "images from updates, with and without each protection");
  CLI::App* membership_verb = verb("membership", "can one tell whose images trained a model?");
  CLI::App* adversarial_verb = verb("adversarial", "images changed against a model, FGSM and PGD: Dice by the size of the change");
  for (CLI::App* sub : {membership_verb, adversarial_verb}) sub->add_option("-m,--model", w.model, "model.safetensors of consilium train, join or simulate")->required();
  for (CLI::App* sub : {invert_verb, membership_verb, adversarial_verb}) {
    sub->add_option("CASES", w.cases.folder, "folder of cases with labels")->required();
    sub->add_option("--scheme", w.cases.scheme, "of the labels (default brats2023)");
  }
  for (CLI::App* sub : {poison_verb, membership_verb, adversarial_verb}) add_device_option(*sub, w.device);
  add_inversion_options(*invert_verb, w.inversion);
  example(invert_verb, "invert runs/demo/data/site_c -o runs/invert");
  membership_verb->add_option("--others", w.others, "folder of cases that trained nothing; then all of CASES are members. Else \"train\" and \"test\" in CASES");
  membership_verb->add_option("--reference", w.reference, "a model that saw none of them: tells hard patients from unknown ones");
  example(membership_verb, "membership -m model.safetensors site_a -o runs/membership");
  adversarial_verb->add_option("--split", w.split, "cases of this folder's \"test\" (default), \"train\" or all")->check(CLI::IsMember({"test", "train", "all"}));
  adversarial_verb->add_option("--eps", w.adversarial.eps, "deviations of the intensity (default 0.01 0.03 0.1)");
  adversarial_verb->add_option("--pgd-steps", w.adversarial.steps, "of PGD (default 10)");
  adversarial_verb->add_option("--seed", w.adversarial.seed, "of its starts (default 1)");
  example(adversarial_verb, "adversarial -m model.safetensors site_a -o runs/adversarial");
  add_common(app, common, "consilium attack poison attack.json -o runs/attack");
  return run_verb(app, argc, argv, common, [&] {
    models::configure_torch();
    if (*poison_verb) poison(w, common);
    if (*invert_verb) invert(w, common);
    if (*membership_verb) membership(w, common);
    if (*adversarial_verb) adversarial(w, common);
    return 0;
  });
}

}  // namespace consilium::tools
