#include <fmt/format.h>

#include <map>

#include "base/error.h"
#include "pipelines/convert_scans.h"
#include "tools/verb.h"

namespace consilium::tools {
namespace {

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
      "Writes each series of DICOM folders and files as .nii.gz (qform = sform) with a JSON sidecar, and rewrites NIfTI, NRRD and "
      "MetaImage files; turned to an orientation and resampled if asked for. Ends with a table of what was split, resampled, skipped "
      "or refused, and why; exit code 8 when only some could be converted.",
      "consilium convert");
  CommonOptions common;
  pipelines::ConvertOptions options;
  std::vector<std::string> inputs;
  std::string output;
  std::vector<double> spacing;
  app.add_option("IN", inputs, "DICOM folders and files, NIfTI, NRRD and MetaImage files")->required();
  app.add_option("-o", output, "folder for the results, made if missing")->required()->type_name("OUT_DIR");
  app.add_option("--name", options.name,
                 "names of DICOM series: bids, nnunet, brats, or words, folders with '/': {number} {class} {description} {protocol} "
                 "{modality} {echo} {volume} {series} {subject} {session}")
      ->type_name("TEMPLATE")
      ->capture_default_str();
  app.add_option("--orient", options.orientation, "turn axes so that indices point to these sides, such as LPS or RAS");
  app.add_option("--spacing", spacing, "resample (linear) to this voxel size in mm")->expected(3);
  app.add_option("--subject", options.subject, "{subject} in names; else 01, 02, ...");
  app.add_option("--suv", options.suv, "write PET as standardised uptake values; what a header lacks for it is named")
      ->transform(CLI::CheckedTransformer(std::map<std::string, imaging::SuvKind>{{"bw", imaging::SuvKind::kBodyWeight},
                                                                                   {"bsa", imaging::SuvKind::kBodySurface},
                                                                                   {"lbm-james", imaging::SuvKind::kLeanJames},
                                                                                   {"lbm-janma", imaging::SuvKind::kLeanJanmahasatian}}))
      ->type_name("bw|bsa|lbm-james|lbm-janma");
  app.add_option("--uneven", options.uneven, "slices at uneven distances: refuse (with the gaps) or resample")
      ->transform(CLI::CheckedTransformer(std::map<std::string, pipelines::UnevenSlices>{
          {"refuse", pipelines::UnevenSlices::kRefuse}, {"resample", pipelines::UnevenSlices::kResample}}))
      ->type_name("refuse|resample")
      ->default_str("refuse");
  app.add_option("--tilt", options.tilt, "sheared slices (gantry tilt): resample, keep and write a sheared sform, or refuse")
      ->transform(CLI::CheckedTransformer(std::map<std::string, pipelines::TiltedSlices>{{"resample", pipelines::TiltedSlices::kResample},
                                                                                          {"shear", pipelines::TiltedSlices::kShear},
                                                                                          {"refuse", pipelines::TiltedSlices::kRefuse}}))
      ->type_name("resample|shear|refuse")
      ->default_str("resample");
  app.add_option("--unplaced", options.unplaced, "images that do not say where they lie: refuse, or assume an order and axes")
      ->transform(CLI::CheckedTransformer(std::map<std::string, imaging::Unplaced>{{"refuse", imaging::Unplaced::kRefuse},
                                                                                    {"assume", imaging::Unplaced::kAssume}}))
      ->type_name("refuse|assume")
      ->default_str("refuse");
  app.add_option("--transform", options.nifti.transform, "which transform of a NIfTI file counts where both are set")
      ->transform(CLI::CheckedTransformer(std::map<std::string, imaging::NiftiTransform>{
          {"sform", imaging::NiftiTransform::kSformFirst}, {"qform", imaging::NiftiTransform::kQformFirst}}))
      ->type_name("sform|qform")
      ->default_str("sform");
  app.add_option("--largest-shear", options.nifti.largest_shear, "of a NIfTI file's axes, for which the nearest rotation is taken")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--compress", options.compression, "1 to 9; 0 writes .nii")->check(CLI::Range(0, 9))->capture_default_str();
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
    fmt::print(stderr, "{}", pipelines::to_table(report));
    for (const auto& failed : report.failed) fmt::print(stderr, "consilium: error: {}\n", failed.message);
    return exit_code(report);
  });
}

}  // namespace consilium::tools
