#include <fmt/format.h>

#include "base/error.h"
#include "pipelines/inspect_scans.h"
#include "tools/verb.h"

namespace consilium::tools {
namespace {

int exit_code(const pipelines::ScanInspection& inspection) {
  std::size_t good = inspection.files.size();
  for (const auto& dicom : inspection.studies) good += dicom.study.series.size();
  if (inspection.failures.empty() && good > 0) return 0;
  if (good > 0 || inspection.failures.size() > 1) return static_cast<int>(ErrorCode::kPartial);
  if (!inspection.failures.empty()) return static_cast<int>(inspection.failures.front().code);
  for (const auto& dicom : inspection.studies)
    for (const auto& rejected : dicom.study.rejected) return static_cast<int>(rejected.code);
  return 0;
}

}  // namespace

int cmd_inspect(int argc, char** argv) {
  CLI::App app(
      "What is in these scans: DICOM series with their class (T1, T1ce, T2, FLAIR, CT, PET) and why, size, spacing, orientation, "
      "and what is refused; "
      "NIfTI files. Prints no patient's name, identifier or date.",
      "consilium inspect");
  CommonOptions common;
  std::vector<std::string> inputs;
  app.add_option("IN", inputs, "DICOM folders and files, NIfTI files (.nii, .nii.gz, .hdr)")->required();
  add_common(app, common, "consilium inspect archive/patient7 scan.nii.gz --json");
  return run_verb(app, argc, argv, common, [&] {
    const auto inspection = pipelines::inspect_scans({inputs.begin(), inputs.end()});
    if (common.json) {
      fmt::print("{}\n", pipelines::to_json(inspection).dump(2, ' ', false, Json::error_handler_t::replace));
    } else {
      fmt::print("{}", pipelines::to_text(inspection));
    }
    for (const auto& failure : inspection.failures) fmt::print(stderr, "consilium: error: {}\n", failure.message);
    return exit_code(inspection);
  });
}

}  // namespace consilium::tools
