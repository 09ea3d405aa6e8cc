#include <fmt/format.h>

#include <filesystem>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "base/settings.h"
#include "imaging/nifti/nifti.h"
#include "imaging/ops/orient.h"
#include "imaging/ops/resample.h"
#include "tools/verb.h"

namespace consilium::tools {
namespace {

/// "scan.nii.gz", "scan.nii", "scan.hdr" -> "scan".
std::string stem_of(const fs::path& path) {
  std::string name = path.filename().string();
  for (const char* suffix : {".gz", ".nii", ".hdr", ".img"})
    if (name.ends_with(suffix)) name.resize(name.size() - std::string_view(suffix).size());
  return name;
}

}  // namespace

int cmd_convert(int argc, char** argv) {
  CLI::App app("Rewrites NIfTI files as .nii.gz (float32, qform = sform), turned to an orientation and resampled if asked for.", "consilium convert");
  CommonOptions common;
  std::vector<std::string> inputs;
  std::string output, orientation;
  std::vector<double> spacing;
  int compression = 6;
  bool overwrite = false;
  app.add_option("IN", inputs, "NIfTI files")->required();
  app.add_option("-o", output, "folder for the results, made if missing")->required()->type_name("OUT_DIR");
  app.add_option("--orient", orientation, "turn axes so that indices point to these sides, such as LPS or RAS");
  app.add_option("--spacing", spacing, "resample (linear) to this voxel size in mm")->expected(3);
  app.add_option("--compress", compression, "0 (none) to 9")->check(CLI::Range(0, 9));
  app.add_flag("--overwrite", overwrite, "replace files that exist");
  add_common(app, common, "consilium convert scan.nii -o out --orient LPS --spacing 1 1 1");
  return run_verb(app, argc, argv, common, [&] {
    std::set<std::string> names;
    for (const std::string& input : inputs) {
      const std::string name = stem_of(input) + ".nii.gz";
      require(names.insert(name).second, ErrorCode::kUsage, "two inputs would be written to " + name + "; convert them into different folders");
      require(overwrite || !fs::exists(fs::path(output) / name), ErrorCode::kCannotWrite, (fs::path(output) / name).string() + ": exists; give --overwrite to replace it");
    }
    Json written = Json::array();
    std::size_t failed = 0;
    ErrorCode last = ErrorCode::kPartial;
    Progress progress("converting", inputs.size());
    for (const std::string& input : inputs) {
      try {
        Volume volume = imaging::read_nifti(input);
        if (!orientation.empty()) volume = imaging::orient(volume, orientation);
        if (!spacing.empty()) volume = imaging::resample(volume, imaging::grid_with_spacing(volume.geometry, {spacing[0], spacing[1], spacing[2]}));
        const fs::path target = fs::path(output) / (stem_of(input) + ".nii.gz");
        imaging::write_nifti(target, volume, {.compression = compression});
        written.push_back({{"input", input}, {"output", target.string()}, {"size", volume.geometry.size}, {"spacing_mm", volume.geometry.spacing_mm}});
        if (!common.json) fmt::print("{}\n", target.string());
      } catch (const Error& error) {  // the other files are converted all the same
        if (error.code() == ErrorCode::kUsage || error.code() == ErrorCode::kCannotWrite) throw;
        ++failed;
        last = error.code();
        written.push_back({{"input", input}, {"error", {{"code", static_cast<int>(error.code())}, {"message", error.what()}}}});
        fmt::print(stderr, "consilium: error: {}\n", error.what());
      }
      progress.advance();
    }
    progress.finish();
    if (common.json) fmt::print("{}\n", Json{{"schema", "consilium.convert/1"}, {"files", written}}.dump(2, ' ', false, Json::error_handler_t::replace));
    if (failed == 0) return 0;
    return static_cast<int>(inputs.size() == 1 ? last : ErrorCode::kPartial);
  });
}

}  // namespace consilium::tools
