#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "base/require_free.h"
#include "imaging/label_scheme.h"
#include "imaging/nifti/nifti.h"
#include "models/runtime.h"
#include "pipelines/ingest.h"
#include "pipelines/predict_case.h"
#include "pipelines/segment.h"
#include "pipelines/write_segmentation.h"
#include "tools/device_option.h"
#include "tools/interrupt.h"
#include "tools/local_time.h"
#include "tools/verb.h"

namespace consilium::tools {
namespace {

/// Of the series that gave the grid. The network is named by the beginning of its digest.
void write_seg(const fs::path& labels, const pipelines::CasePaths& paths, const pipelines::PreparedCase& prepared, const std::string& scheme, const std::string& digest) {
  require(paths.dicom.has_value() && !prepared.reference_series.empty(), ErrorCode::kUnsupported, "case " + paths.name + ": --seg: the image that gives the grid is no DICOM series");
  pipelines::SegmentationOptions options;
  options.scheme = scheme;
  options.algorithm = "consilium " + digest.substr(0, 16);
  options.series_uid = prepared.reference_series;
  put_local_time(options.write);
  pipelines::write_segmentation({labels}, *paths.dicom, fs::path(labels.parent_path()) / (paths.name + ".dcm"), options);
}

}  // namespace

int cmd_predict(int argc, char** argv) {
  CLI::App app("Segments every case below a folder, each on its own grid.", "consilium predict");
  CommonOptions common;
  std::string model_file, input, output, scheme = "brats2023", device = "auto";
  bool overwrite = false, seg = false;
  app.add_option("-m,--model", model_file, "model.safetensors of consilium train, join or simulate")->required();
  app.add_option("IN", input, "folder of cases: BraTS, BIDS or nnU-Net names, or DICOM")->required();
  app.add_option("-o", output, "folder for CASE.nii.gz")->required()->type_name("OUT_DIR");
  CLI::Option* scheme_option = app.add_option("--scheme", scheme, "numbers to write: brats2021, brats2023, msd, ... (default brats2023; binary for a model of one lesion)");
  app.add_flag("--seg", seg, "beside CASE.nii.gz a DICOM segmentation, CASE.dcm, of the series that gives the grid");
  app.add_flag("--overwrite", overwrite, "replace files that exist");
  add_device_option(app, device);
  add_common(app, common, "consilium predict -m model.safetensors scans -o segmentations");
  return run_verb(app, argc, argv, common, [&] {
    const c10::Device where = models::find_device(device);
    models::configure_torch(0, where);
    const pipelines::LoadedModel model = pipelines::read_model(model_file, where);
    const pipelines::TrainingSettings settings = pipelines::settings_to_predict(model.settings);
    const std::string model_digest = digest(model.segmenter.state());
    const bool regions = model.settings.target == pipelines::Target::kBratsRegions;
    const bool fits = scheme_option->count() == 0 || (imaging::label_scheme(scheme).regions == pipelines::scheme_of(model.settings.target).regions);
    require(fits, ErrorCode::kMismatch, model_file + (regions ? ": tells three kinds of tissue; --scheme " + scheme + " cannot hold them" : ": knows one lesion; give --scheme binary, or none"));
    const imaging::LabelScheme& written = imaging::label_scheme(regions ? scheme : "binary");
    const auto cases = pipelines::find_cases(input);
    make_folder(output);  // before work that could not be kept
    stop_on_signals();
    Json results = Json::array();
    int failed = 0;
    ErrorCode last = ErrorCode::kPartial;
    Progress progress("segmenting", cases.size());
    for (const pipelines::CasePaths& paths : cases) {
      throw_if_interrupted();
      const fs::path target = fs::path(output) / (paths.name + ".nii.gz"), sidecar_file = fs::path(output) / (paths.name + ".json");
      try {
        std::vector<fs::path> files{target, sidecar_file};
        if (seg) files.push_back(fs::path(output) / (paths.name + ".dcm"));
        for (const fs::path& file : files) require_free(file, overwrite);
        const auto prepared = pipelines::prepare(paths, settings, imaging::label_scheme("internal"), {.with_labels = false});
        const auto prediction = pipelines::predict_case(model.segmenter, prepared, settings);
        const Json sidecar = to_json(prediction, prepared, settings, {model_digest, target.filename().string(), written.name});
        imaging::write_nifti(target, imaging::from_internal(prediction.classes, written));
        write_file(sidecar_file, sidecar.dump(1) + "\n");
        if (seg) write_seg(target, paths, prepared, written.name, model_digest);
        results.push_back({{"case", paths.name}, {"output", target.string()}, {"channels", sidecar["channels"]}, {"confidence", sidecar["confidence"]}, {"gates", sidecar["gates"]}});
        if (!common.json) fmt::print("{}\n{}", target.string(), to_text(prediction, prepared, settings));
      } catch (const Error& error) {  // the other cases are segmented all the same
        ++failed;
        last = error.code();
        results.push_back({{"case", paths.name}, {"error", {{"code", static_cast<int>(error.code())}, {"message", error.what()}}}});
        fmt::print(stderr, "consilium: error: {}\n", error.what());
      }
      progress.advance();
    }
    progress.finish();
    if (common.json) fmt::print("{}\n", Json{{"schema", "consilium.predict/1"}, {"scheme", written.name}, {"cases", results}}.dump(2, ' ', false, Json::error_handler_t::replace));
    if (failed == 0) return 0;
    return static_cast<int>(cases.size() == 1 ? last : ErrorCode::kPartial);
  });
}

}  // namespace consilium::tools
