#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "pipelines/phantom_manifest.h"
#include "tools/verb.h"

namespace consilium::tools {
namespace {

/// Files as they are; of a folder every .json, by name.
std::vector<fs::path> profile_files(const std::vector<std::string>& inputs) {
  std::vector<fs::path> files;
  for (const std::string& input : inputs) {
    require(fs::exists(input), ErrorCode::kNotFound, input + ": no such file or folder");
    if (!fs::is_directory(input)) {
      files.emplace_back(input);
      continue;
    }
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(input))
      if (entry.path().extension() == ".json") found.push_back(entry.path());
    require(!found.empty(), ErrorCode::kNotFound, input + ": holds no site profile (*.json)");
    std::sort(found.begin(), found.end());
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

void print_summary(const Json& manifest, const std::string& output) {
  for (const Json& site : manifest["sites"]) {
    double tumour_ml = 0;
    int low_grade = 0, held_out = 0;
    for (const Json& c : site["cases"]) {
      tumour_ml += c["necrotic_ml"].get<double>() + c["oedema_ml"].get<double>() + c["enhancing_ml"].get<double>();
      low_grade += c["low_grade"].get<bool>() ? 1 : 0;
      held_out += c["split"] == "test" ? 1 : 0;
    }
    const auto name = site["name"].get<std::string>();
    const std::size_t count = site["cases"].size();
    fmt::print("{}: {} patients ({} to train, {} to test; {} low grade) as {} in {}, whole tumour {:.1f} ml on average\n", name,
               count, count - static_cast<std::size_t>(held_out), held_out, low_grade, site["delivery"].get<std::string>(),
               (fs::path(output) / name).string(), tumour_ml / static_cast<double>(count));
  }
}

}  // namespace

int cmd_phantom(int argc, char** argv) {
  CLI::App app(
      "Makes digital heads with tumours, as the scanners of different hospitals would show them, with ground truth.\n"
      "Writes OUT_DIR/<site>/{train,test}/<case>/ and OUT_DIR/phantom.json, which names every case, its tumour volumes and how "
      "it was made.\n"
      "Labels: 1 necrotic or non-enhancing core, 2 oedema, 3 enhancing tumour.",
      "consilium phantom");
  CommonOptions common;
  std::vector<std::string> profiles;
  std::string output, delivery;
  pipelines::PhantomRequest request;
  int cases = -1, held_out = -1;
  bool overwrite = false;
  app.add_option("--profiles", profiles, "site profiles (JSON; see sample_data/README.md), or folders of them")->required();
  app.add_option("-o", output, "folder for the results, made if need be")->required()->type_name("OUT_DIR");
  app.add_option("--seed", request.seed, "a whole number; same profiles and seed, same patients (default 1)");
  app.add_option("--cases", cases, "training cases per site, instead of the profile's")->check(CLI::Range(0, 9999));
  app.add_option("--held-out", held_out, "test cases per site, instead of the profile's")->check(CLI::Range(0, 9999));
  app.add_option("--delivery", delivery, "dicom, nifti_brats or nifti_bids, instead of each profile's");
  app.add_option("--scale", request.scale, "multiplies every voxel size; 0.4 makes the sample profiles about 1 mm fine")
      ->check(CLI::Range(0.1, 4.0));
  app.add_flag("--overwrite", overwrite, "replace what another run left in OUT_DIR");
  add_common(app, common, "consilium phantom --profiles sample_data/profiles -o heads --seed 7");
  return run_verb(app, argc, argv, common, [&] {
    request.profiles = profile_files(profiles);
    request.output = output;
    if (cases >= 0) request.cases = cases;
    if (held_out >= 0) request.held_out_cases = held_out;
    if (!delivery.empty()) request.delivery = imaging::parse_delivery(delivery);
    const Json manifest =
        pipelines::make_phantom_sites(request, overwrite ? pipelines::Earlier::kReplace : pipelines::Earlier::kRefuse);
    if (common.json) {
      fmt::print("{}\n", manifest.dump(2));
    } else {
      print_summary(manifest, output);
    }
    return 0;
  });
}

}  // namespace consilium::tools
