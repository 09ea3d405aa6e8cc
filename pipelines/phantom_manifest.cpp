#include "pipelines/phantom_manifest.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"

namespace consilium::pipelines {
namespace {

/// What decides every byte of the output.
Json to_json(const PhantomRequest& request) {
  Json profiles = Json::array();
  for (const fs::path& file : request.profiles) profiles.push_back(read_json(file));
  Json json{{"profiles", profiles}, {"seed", request.seed}, {"scale", request.scale}};
  json["cases"] = request.cases ? Json(*request.cases) : Json();
  json["held_out_cases"] = request.held_out_cases ? Json(*request.held_out_cases) : Json();
  if (request.delivery) json["delivery"] = imaging::to_string(*request.delivery);
  return json;
}

/// A name that is one folder below where it is put, whoever wrote the manifest.
bool is_plain(const std::string& name) {
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; });
}

/// The case folders that a manifest names, relative to it. @throws Error{kCannotWrite} it is no manifest of ours.
std::vector<fs::path> case_folders(const Json& manifest, const fs::path& file) {
  const auto need = [&](bool condition) {
    require(condition, ErrorCode::kCannotWrite,
            file.string() + ": is not a manifest of consilium phantom; choose another output folder, or move this file away");
  };
  const auto word = [&](const Json& object, const char* key) {
    need(object.is_object() && object.contains(key) && object[key].is_string() && is_plain(object[key].get<std::string>()));
    return object[key].get<std::string>();
  };
  need(manifest.is_object() && manifest.value("schema", Json()) == "consilium.phantom/1" && manifest.contains("sites") &&
       manifest["sites"].is_array());
  std::vector<fs::path> folders;
  for (const Json& site : manifest["sites"]) {
    const std::string site_name = word(site, "name");
    need(site.contains("cases") && site["cases"].is_array());
    for (const Json& c : site["cases"]) folders.push_back(fs::path(site_name) / word(c, "split") / word(c, "case"));
  }
  return folders;
}

}  // namespace

Json make_phantom_sites(const PhantomRequest& request, Earlier earlier) {
  const fs::path file = request.output / "phantom.json";
  if (fs::exists(file)) {
    const Json manifest = read_json(file);
    const std::vector<fs::path> folders = case_folders(manifest, file);
    const bool wanted = manifest.value("request", Json()) == to_json(request);
    const bool complete = std::all_of(folders.begin(), folders.end(),
                                      [&](const fs::path& folder) { return fs::is_directory(request.output / folder); });
    if (wanted && complete && earlier == Earlier::kRefuse) {
      log_line(file.string() + ": these patients are there already");
      return manifest;
    }
    require(wanted || earlier == Earlier::kReplace, ErrorCode::kCannotWrite,
            request.output.string() + ": holds patients of other profiles or another seed; give --overwrite to replace them");
    fs::remove(file);  // first: what is half removed is not taken for whole
    for (const fs::path& folder : folders) fs::remove_all(request.output / folder);
  }
  Json manifest = to_json(write_phantom_sites(request));
  manifest["request"] = to_json(request);
  write_file(file, manifest.dump(1) + "\n");
  return manifest;
}

}  // namespace consilium::pipelines
