#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/require_free.h"
#include "imaging/structure_terms.h"
#include "pipelines/convert_structures.h"
#include "pipelines/write_segmentation.h"
#include "tools/choice.h"
#include "tools/local_time.h"
#include "tools/verb.h"

namespace consilium::tools {
namespace {

using imaging::SegKind;
using imaging::SegPlanes;

struct SegWords {
  std::vector<std::string> files;
  std::string images, out;
  pipelines::StructureFileOptions reading;
  pipelines::SegmentationOptions writing;
};

void add_reading(CLI::App& app, SegWords& w, const char* what) {
  app.add_option("FILE", w.files, what)->required();
  app.add_option("-o", w.out, "folder for the results, made if missing")->required()->type_name("OUT_DIR");
  app.add_flag("--each", w.reading.each, "a mask for each segment instead of label maps");
  app.add_option("--scheme", w.reading.scheme, "brain tumours: one label map in the numbers of brats2021, brats2023, msd, ...");
  app.add_option("--compress", w.reading.compression, "1 to 9; 0 writes .nii")->check(CLI::Range(0, 9))->capture_default_str();
  app.add_flag("--overwrite", w.reading.overwrite, "replace files that exist");
}

/// Several files are read even if one cannot be.
int read_structures(const SegWords& w, const CommonOptions& common) {
  require(w.reading.scheme.empty() || !w.reading.each, ErrorCode::kUsage, "give one of --each and --scheme");
  const imaging::Study study = w.images.empty() ? imaging::Study{} : imaging::scan_study(w.images);
  Json results = Json::array();
  int failed = 0;
  ErrorCode last = ErrorCode::kPartial;
  for (const std::string& file : w.files) {
    try {
      require_file(file);
      const auto written = pipelines::convert_structure(file, study, true, fs::path(w.out) / fs::path(file).stem(), w.reading);
      Json outputs = Json::array();
      for (const fs::path& image : written.images) outputs.push_back(image.string());
      results.push_back({{"input", file}, {"outputs", outputs}, {"description", written.description.string()}, {"notes", written.notes}});
      if (!common.json)
        for (const fs::path& image : written.images) fmt::print("{}\n", image.string());
      for (const std::string& note : written.notes) fmt::print(stderr, "{}: {}\n", fs::path(file).filename().string(), note);
    } catch (const Error& error) {  // the other files are read all the same
      ++failed, last = error.code();
      results.push_back({{"input", file}, {"error", {{"code", static_cast<int>(error.code())}, {"message", error.what()}}}});
      fmt::print(stderr, "consilium: error: {}\n", error.what());
    }
  }
  if (common.json) fmt::print("{}\n", Json{{"schema", "consilium.structures/1"}, {"files", results}}.dump(2, ' ', false, Json::error_handler_t::replace));
  if (failed == 0) return 0;
  return static_cast<int>(w.files.size() == 1 ? last : ErrorCode::kPartial);
}

void add_writing(CLI::App& app, SegWords& w, bool& overwrite) {
  auto& o = w.writing;
  app.add_option("LABELS", w.files, "label maps (.nii.gz, .nrrd, ...); several: masks, or layers that a description names")->required();
  app.add_option("--images", w.images, "folder of the DICOM images that the labels belong to")->required()->type_name("DICOM");
  app.add_option("-o", w.out, "the segmentation")->required()->type_name("FILE.dcm");
  app.add_option("--scheme", o.scheme, "the labels are those of brats2021, brats2023, brats2013, msd or binary");
  app.add_flag("--regions", o.regions, "with --scheme: write WT, TC and ET, which overlap, instead of tissues");
  app.add_option("--segment", o.names, "what a label (of several files: the n-th) shows, such as 2=\"left kidney\"; may be given several times")->type_name("N=NAME");
  app.add_option("--segments", o.segments, "what labels show, as JSON (docs/structures.md)")->type_name("FILE.json");
  app.add_option("--algorithm", o.algorithm, "name of what made the labels, or manual");
  app.add_option("--series", o.series_number, "number of the series of images, where several have the labels' grid");
  add_choice(app, "--type", o.write.kind, {{"binary", SegKind::kBinary}, {"labelmap", SegKind::kLabelMap}, {"probability", SegKind::kProbability}, {"occupancy", SegKind::kOccupancy}},
             "how voxels are stored; labelmap is young: few viewers read it")->default_str("binary");
  add_choice(app, "--planes", o.write.planes, {{"needed", SegPlanes::kNeeded}, {"occupied", SegPlanes::kOccupied}, {"all", SegPlanes::kAll}}, "frames to write: occupied ones and both ends of the grid, occupied ones alone, or all")->default_str("needed");
  app.add_option("--description", o.write.series_description, "of the new series")->capture_default_str();
  app.add_option("--series-number", o.write.series_number, "of the new series; default: that of the images + 1000");
  app.add_option("--creator", o.write.content_creator, "who is named as its creator, FAMILY^GIVEN");
  app.add_flag("--overwrite", overwrite, "replace a file that exists");
}

void write_structures(SegWords& w, bool overwrite, const CommonOptions& common) {
  require_free(w.out, overwrite);
  put_local_time(w.writing.write);
  const auto written = pipelines::write_segmentation({w.files.begin(), w.files.end()}, w.images, w.out, w.writing);
  if (common.json)
    fmt::print("{}\n", Json{{"schema", "consilium.seg_write/1"}, {"output", w.out}, {"segments", written.segments.size()}, {"images_series", written.images_series}, {"slices", written.slices}}.dump(2));
  else fmt::print("{}\n", w.out);
}

}  // namespace

int cmd_seg(int argc, char** argv) {
  CLI::App app("DICOM segmentations (SEG): to label maps, and from them.", "consilium seg");
  app.require_subcommand(1);
  CommonOptions common;
  SegWords w;
  bool overwrite = false;
  CLI::App* read = app.add_subcommand("read", "write what is segmented as NIfTI, and what it is as JSON");
  add_reading(*read, w, "DICOM segmentations");
  read->add_option("--images", w.images, "folder of the images that were segmented: labels then fill their grid")->type_name("DICOM");
  CLI::App* write = app.add_subcommand("write", "make a segmentation of label maps or a prediction, for the PACS");
  add_writing(*write, w, overwrite);
  CLI::App* names = app.add_subcommand("names", "the structures that --segment knows, with their codes");
  for (CLI::App* sub : {read, write, names}) sub->fallthrough();
  add_common(app, common,
             "consilium seg write prediction.nii.gz --images patient7/t1ce --scheme brats2023 --algorithm glioma-net -o seg.dcm\n"
             "  consilium seg read seg.dcm -o labels");
  return run_verb(app, argc, argv, common, [&] {
    if (*read) return read_structures(w, common);
    if (*write) write_structures(w, overwrite, common);
    if (*names)
      for (const std::string_view name : imaging::structure_names()) {
        const auto s = *imaging::find_structure(name);
        fmt::print("{:<24} {:<10} {:<5} {}\n", name, s.type.value, s.type.scheme, s.type.meaning);
      }
    return 0;
  });
}

int cmd_rtstruct(int argc, char** argv) {
  CLI::App app("Contours of radiotherapy (RTSTRUCT) as label maps on the images that they were drawn on.", "consilium rtstruct");
  CommonOptions common;
  SegWords w;
  add_reading(app, w, "RT structure sets");
  app.add_option("--images", w.images, "folder of those images")->required()->type_name("DICOM");
  add_common(app, common, "consilium rtstruct patient7/RS.dcm --images patient7/ct -o labels");
  return run_verb(app, argc, argv, common, [&] { return read_structures(w, common); });
}

}  // namespace consilium::tools
