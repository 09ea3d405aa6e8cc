#include <fmt/format.h>

#include <filesystem>

#include "base/error.h"
#include "base/settings.h"
#include "imaging/nifti/nifti.h"
#include "tools/verb.h"

namespace consilium::tools {
namespace {

Json to_json(const std::string& file, const imaging::NiftiSummary& s) {
  return {{"file", file},
          {"format", "NIfTI-" + std::to_string(s.version)},
          {"data_type", s.data_type},
          {"shape", s.shape},
          {"spacing_mm", s.geometry.spacing_mm},
          {"origin_lps_mm", s.geometry.origin_mm},
          {"direction_lps", s.geometry.direction},
          {"orientation", s.orientation},
          {"transform_source", s.transform_source},
          {"scl_slope", s.scl_slope},
          {"scl_inter", s.scl_inter},
          {"byte_swapped", s.byte_swapped},
          {"warnings", s.warnings}};
}

std::string to_text(const std::string& file, const imaging::NiftiSummary& s) {
  const auto& spacing = s.geometry.spacing_mm;
  const auto& origin = s.geometry.origin_mm;
  std::string text = fmt::format("{}\n  format       NIfTI-{}, {}{}\n  size         {}\n  spacing      {:.4g} x {:.4g} x {:.4g} mm\n  origin       {:.4g}, {:.4g}, {:.4g} mm (LPS)\n  orientation  {} (from {})\n",
                                 file, s.version, s.data_type, s.byte_swapped ? ", other byte order" : "", fmt::join(s.shape, " x "), spacing[0], spacing[1], spacing[2], origin[0], origin[1],
                                 origin[2], s.orientation, s.transform_source);
  if (s.scl_slope != 1 || s.scl_inter != 0) text += fmt::format("  values       {} x stored + {}\n", s.scl_slope, s.scl_inter);
  for (const std::string& warning : s.warnings) text += "  warning      " + warning + "\n";
  return text;
}

}  // namespace

int cmd_inspect(int argc, char** argv) {
  CLI::App app("What is in these NIfTI files: size, spacing, orientation and where it comes from.", "consilium inspect");
  CommonOptions common;
  std::vector<std::string> inputs;
  app.add_option("IN", inputs, "NIfTI files (.nii, .nii.gz, .hdr)")->required();
  add_common(app, common, "consilium inspect scan.nii.gz --json");
  return run_verb(app, argc, argv, common, [&] {
    Json results = Json::array();
    std::size_t failed = 0;
    ErrorCode last = ErrorCode::kPartial;
    for (const std::string& input : inputs) {
      try {
        const auto summary = imaging::inspect_nifti(input);
        results.push_back(to_json(input, summary));
        if (!common.json) fmt::print("{}", to_text(input, summary));
      } catch (const Error& error) {  // the other files are still worth a look
        ++failed;
        last = error.code();
        results.push_back({{"file", input}, {"error", {{"code", static_cast<int>(error.code())}, {"message", error.what()}}}});
        fmt::print(stderr, "consilium: error: {}\n", error.what());
      }
    }
    if (common.json) fmt::print("{}\n", Json{{"schema", "consilium.inspect/1"}, {"files", results}}.dump(2, ' ', false, Json::error_handler_t::replace));
    if (failed == 0) return 0;
    return static_cast<int>(inputs.size() == 1 ? last : ErrorCode::kPartial);
  });
}

}  // namespace consilium::tools
