#include <fmt/format.h>

#include "base/error.h"
#include "pipelines/convert_scans.h"
#include "tools/choice.h"
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
                 "names of DICOM series: bids, nnunet (with dataset.json), brats, or words, folders with '/': {number} {class} {description} {protocol} "
                 "{modality} {echo} {volume} {series} {subject} {session}")
      ->type_name("TEMPLATE")
      ->capture_default_str();
  app.add_option("--orient", options.orientation, "turn axes so that indices point to these sides, such as LPS or RAS");
  app.add_option("--spacing", spacing, "resample (linear) to this voxel size in mm")->expected(3);
  app.add_option("--subject", options.subject, "{subject} in names; else 01, 02, ...");
  using imaging::NiftiTransform, imaging::SuvKind, imaging::Unplaced, pipelines::TiltedSlices, pipelines::UnevenSlices;
  add_choice(app, "--suv", options.suv, {{"bw", SuvKind::kBodyWeight}, {"bsa", SuvKind::kBodySurface}, {"lbm-james", SuvKind::kLeanJames}, {"lbm-janma", SuvKind::kLeanJanmahasatian}},
             "write PET as standardised uptake values; what a header lacks for it is named");
  add_choice(app, "--uneven", options.uneven, {{"refuse", UnevenSlices::kRefuse}, {"resample", UnevenSlices::kResample}}, "slices at uneven distances: refuse (with the gaps) or resample")->default_str("refuse");
  add_choice(app, "--tilt", options.tilt, {{"resample", TiltedSlices::kResample}, {"shear", TiltedSlices::kShear}, {"refuse", TiltedSlices::kRefuse}},
             "sheared slices (gantry tilt): resample, keep and write a sheared sform, or refuse")->default_str("resample");
  add_choice(app, "--unplaced", options.unplaced, {{"refuse", Unplaced::kRefuse}, {"assume", Unplaced::kAssume}}, "images that do not say where they lie: refuse, or assume an order and axes")->default_str("refuse");
  add_choice(app, "--transform", options.nifti.transform, {{"sform", NiftiTransform::kSformFirst}, {"qform", NiftiTransform::kQformFirst}}, "which transform of a NIfTI file counts where both are set")->default_str("sform");
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
