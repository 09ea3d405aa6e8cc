#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "pipelines/phantom_site.h"
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

/// What decides every byte of the output.
Json fingerprint(const pipelines::PhantomRequest& request) {
  Json profiles = Json::array();
  for (const fs::path& file : request.profiles) profiles.push_back(read_json(file));
  Json json{{"profiles", profiles}, {"seed", request.seed}, {"scale", request.scale}};
  json["cases"] = request.cases ? Json(*request.cases) : Json();
  json["held_out_cases"] = request.held_out_cases ? Json(*request.held_out_cases) : Json();
  return json;
}

}  // namespace

int cmd_phantom(int argc, char** argv) {
  CLI::App app("Makes digital heads with tumours, as the scanners of different hospitals would show them, with ground truth.", "consilium phantom");
  CommonOptions common;
  std::vector<std::string> profiles;
  std::string output;
  pipelines::PhantomRequest request;
  int cases = -1, held_out = -1;
  bool overwrite = false;
  app.add_option("--profiles", profiles, "site profiles (JSON), or folders of them")->required();
  app.add_option("-o", output, "folder for the results: OUT_DIR/<site>/{train,test}/<case>")->required()->type_name("OUT_DIR");
  app.add_option("--seed", request.seed, "same profiles and seed, same bytes (default 1)");
  app.add_option("--cases", cases, "training cases per site, instead of the profile's")->check(CLI::Range(0, 9999));
  app.add_option("--held-out", held_out, "test cases per site, instead of the profile's")->check(CLI::Range(0, 9999));
  app.add_option("--scale", request.scale, "multiplies every voxel size; 0.4 makes the sample profiles about 1 mm fine")->check(CLI::Range(0.1, 4.0));
  app.add_flag("--overwrite", overwrite, "replace what another run left in OUT_DIR");
  add_common(app, common, "consilium phantom --profiles sample_data/profiles -o heads --seed 7");
  return run_verb(app, argc, argv, common, [&] {
    request.profiles = profile_files(profiles);
    request.output = output;
    if (cases >= 0) request.cases = cases;
    if (held_out >= 0) request.held_out_cases = held_out;
    const fs::path manifest = request.output / "phantom.json";
    Json result;
    if (fs::exists(manifest)) {
      result = read_json(manifest);
      if (result.value("request", Json()) == fingerprint(request) && !overwrite) {
        log_line(manifest.string() + ": these patients are there already");
      } else {
        require(overwrite, ErrorCode::kCannotWrite, output + ": holds patients of other profiles or another seed; give --overwrite to replace them");
        for (const Json& site : result.value("sites", Json::array())) fs::remove_all(request.output / site.value("name", std::string("none")));
        fs::remove(manifest);
        result = Json();
      }
    }
    if (result.is_null()) {
      result = pipelines::to_json(pipelines::write_phantom_sites(request));
      result["request"] = fingerprint(request);
      write_file(manifest, result.dump(1) + "\n");  // last: an interrupted run is made again
    }
    if (common.json) {
      fmt::print("{}\n", result.dump(2));
      return 0;
    }
    for (const Json& site : result["sites"]) {
      double tumour_ml = 0;
      int low_grade = 0;
      for (const Json& c : site["cases"]) {
        tumour_ml += c["necrotic_ml"].get<double>() + c["oedema_ml"].get<double>() + c["enhancing_ml"].get<double>();
        low_grade += c["low_grade"].get<bool>() ? 1 : 0;
      }
      fmt::print("{}: {} patients ({} low grade) as {}, whole tumour {:.1f} ml on average\n", site["name"].get<std::string>(), site["cases"].size(), low_grade, site["delivery"].get<std::string>(),
                 tumour_ml / static_cast<double>(site["cases"].size()));
    }
    return 0;
  });
}

}  // namespace consilium::tools
