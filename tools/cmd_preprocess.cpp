#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "base/require_free.h"
#include "imaging/nifti/nifti.h"
#include "pipelines/ingest.h"
#include "pipelines/normalise.h"
#include "tools/interrupt.h"
#include "tools/verb.h"

namespace consilium::tools {
namespace {

pipelines::NormaliseOptions preset(const std::string& name) {
  pipelines::NormaliseOptions options;
  if (name == "brats" || name == "glioma") options.spacing_mm = {1, 1, 1};
  if (name == "petct") options.channels = {"CT", "PET"}, options.reference = "CT", options.crop = false;
  if (name == "glioma") options.reference = "T1ce", options.missing = pipelines::Missing::kAbsent;
  if (name == "petct_mr") {
    options.channels = {"CT", "PET", "MR"}, options.reference = "CT", options.crop = false;
    options.missing = pipelines::Missing::kAbsent;
    options.ct_window = {40, 400};  // soft tissue: the usual window of head and body scans outside of the brain
  }
  return options;  // nnunet: the scanner's own spacing, as its z-score stage
}

}  // namespace

int cmd_preprocess(int argc, char** argv) {
  CLI::App app("Brings the images of each case onto one grid with comparable intensities, as the network sees them.", "consilium preprocess");
  CommonOptions common;
  std::string name, input, output, scheme = "brats2023";
  std::vector<std::string> channels;
  std::vector<double> spacing;
  bool overwrite = false, doubtful = false;
  app.add_option("IN", input, "folder of cases: BraTS, BIDS or nnU-Net names, or DICOM")->required();
  app.add_option("--preset", name, "brats: four MR channels at 1 mm; nnunet: four MR channels at the scanner's spacing; petct: CT and PET on the CT's grid; glioma: as brats, of the channels that a case has; petct_mr: CT, PET and MR on the CT's grid, of those that a case has")->required()->check(CLI::IsMember({"brats", "nnunet", "petct", "glioma", "petct_mr"}));
  app.add_option("-o", output, "folder for CASE/CASE_CHANNEL.nii.gz and CASE/CASE_labels.nii.gz")->required()->type_name("OUT_DIR");
  app.add_option("--channels", channels, "instead of the preset's, such as T1ce,FLAIR")->delimiter(',');
  app.add_option("--spacing", spacing, "voxel size in mm instead of the preset's")->expected(3);
  app.add_option("--scheme", scheme, "what the labels mean (default brats2023); written as 1 necrotic, 2 oedema, 3 enhancing");
  app.add_flag("--doubtful", doubtful, "take cases whose registration is in doubt; --json says which");
  app.add_flag("--overwrite", overwrite, "replace files that exist");
  add_common(app, common, "consilium preprocess --preset brats cases -o ready --channels T1ce,FLAIR");
  return run_verb(app, argc, argv, common, [&] {
    pipelines::NormaliseOptions options = preset(name);
    if (!channels.empty()) options.channels = channels, options.reference.clear();
    if (!spacing.empty()) options.spacing_mm = {spacing[0], spacing[1], spacing[2]};
    if (doubtful) options.registration = pipelines::Registration::kWarn;
    pipelines::validate(options);
    imaging::label_scheme(scheme);
    const auto cases = pipelines::find_cases(input);
    make_folder(output);  // before work that could not be kept
    stop_on_signals();
    Json results = Json::array();
    int failed = 0;
    ErrorCode last = ErrorCode::kPartial;
    Progress progress("preprocessing", cases.size());
    for (const auto& paths : cases) {
      throw_if_interrupted();
      const fs::path folder = fs::path(output) / paths.name;
      try {
        require_free(folder, overwrite);
        const pipelines::Case raw = pipelines::load_case(paths, options.channels, imaging::label_scheme(scheme), pipelines::load_options(options));
        const auto ready = pipelines::normalise(raw, options);
        for (std::size_t c = 0; c < ready.channels.size(); ++c)
          if (ready.present[c]) imaging::write_nifti(folder / (paths.name + "_" + ready.channels[c] + ".nii.gz"), ready.images[c]);
        if (ready.labels) imaging::write_nifti(folder / (paths.name + "_labels.nii.gz"), *ready.labels);
        results.push_back({{"case", paths.name}, {"output", folder.string()}, {"size", ready.grid.size}, {"spacing_mm", ready.grid.spacing_mm}, {"evidence", raw.evidence}});
        if (!common.json) fmt::print("{}\n", folder.string());
      } catch (const Error& error) {  // the other cases are prepared all the same
        ++failed;
        last = error.code();
        results.push_back({{"case", paths.name}, {"error", {{"code", static_cast<int>(error.code())}, {"message", error.what()}}}});
        fmt::print(stderr, "consilium: error: {}\n", error.what());
      }
      progress.advance();
    }
    progress.finish();
    if (common.json) fmt::print("{}\n", Json{{"schema", "consilium.preprocess/1"}, {"options", pipelines::to_json(options)}, {"cases", results}}.dump(2, ' ', false, Json::error_handler_t::replace));
    if (failed == 0) return 0;
    return static_cast<int>(cases.size() == 1 ? last : ErrorCode::kPartial);
  });
}

}  // namespace consilium::tools
