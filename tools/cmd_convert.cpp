#include <fmt/format.h>

#include <map>

#include "base/error.h"
#include "pipelines/convert_scans.h"
#include "tools/verb.h"

namespace consilium::tools {
namespace {

/// Each reason once, with the number of files.
void print_problems(const pipelines::ConvertReport& report) {
  for (const auto& failed : report.failed) fmt::print(stderr, "consilium: error: {}\n", failed.message);
  std::map<std::string, std::size_t> reasons;
  for (const auto& rejected : report.rejected) ++reasons[rejected.reason];
  for (const auto& [reason, count] : reasons)
    fmt::print(stderr, "consilium: warning: {} file{}: {}\n", count, count == 1 ? "" : "s", reason);
}

int exit_code(const pipelines::ConvertReport& report) {
  std::size_t lost = 0;
  ErrorCode last = ErrorCode::kUnsupported;
  for (const auto& rejected : report.rejected)
    if (rejected.holds_image) ++lost, last = rejected.code;
  for (const auto& failed : report.failed) ++lost, last = failed.code;
  if (lost > 0)
    return static_cast<int>(report.written.empty() && (lost == 1 || report.failed.empty()) ? last : ErrorCode::kPartial);
  return report.written.empty() ? static_cast<int>(ErrorCode::kNotFound) : 0;
}

}  // namespace

int cmd_convert(int argc, char** argv) {
  CLI::App app(
      "Writes each series of DICOM folders and files as .nii.gz (qform = sform) with a JSON sidecar, and rewrites NIfTI files; "
      "turned to an orientation "
      "and resampled if asked for.",
      "consilium convert");
  CommonOptions common;
  pipelines::ConvertOptions options;
  std::vector<std::string> inputs;
  std::string output;
  std::vector<double> spacing;
  app.add_option("IN", inputs, "DICOM folders and files, NIfTI files")->required();
  app.add_option("-o", output, "folder for the results, made if missing")->required()->type_name("OUT_DIR");
  app.add_option("--name", options.name,
                 "names of DICOM series: {number} {class} {description} {protocol} {modality} {echo} {volume} {series}")
      ->type_name("TEMPLATE")
      ->capture_default_str();
  app.add_option("--orient", options.orientation, "turn axes so that indices point to these sides, such as LPS or RAS");
  app.add_option("--spacing", spacing, "resample (linear) to this voxel size in mm")->expected(3);
  app.add_option("--compress", options.compression, "0 (none) to 9")->check(CLI::Range(0, 9))->capture_default_str();
  app.add_flag("--overwrite", options.overwrite, "replace files that exist");
  add_common(app, common, "consilium convert archive/patient7 -o nifti --name \"{number}_{class}\"");
  return run_verb(app, argc, argv, common, [&] {
    if (!spacing.empty()) options.spacing_mm = {spacing[0], spacing[1], spacing[2]};
    const auto report = pipelines::convert_scans({inputs.begin(), inputs.end()}, output, options);
    if (common.json) {
      fmt::print("{}\n", pipelines::to_json(report).dump(2, ' ', false, Json::error_handler_t::replace));
    } else {
      for (const auto& written : report.written) fmt::print("{}\n", written.output.string());
    }
    print_problems(report);
    return exit_code(report);
  });
}

}  // namespace consilium::tools
