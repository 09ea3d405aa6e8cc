#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "pipelines/evaluate.h"
#include "tools/verb.h"

namespace consilium::tools {

int cmd_evaluate(int argc, char** argv) {
  CLI::App app(
      "Dice, 95th percentile Hausdorff distance (HD95, mm) and volumes (ml) of predicted label maps, region by region.\n\n"
      "A region that neither has scores Dice 1 and HD95 0; one that only prediction or only reference has is missed and scores\n"
      "Dice 0 and the image's diagonal, in the means too. A case that cannot be compared (no partner, another grid, an unknown\n"
      "label) is listed with its reason, and the exit code is 8.",
      "consilium evaluate");
  CommonOptions common;
  std::string reference, prediction, scheme, json_file, csv_file;
  app.add_option("--reference", reference, "folder of reference label maps")->required();
  app.add_option("--prediction", prediction, "folder of predictions, files named as in the reference folder")->required();
  app.add_option("--scheme", scheme, "what the labels mean: brats2021, brats2023, brats2013, msd, binary or internal")
      ->required();
  app.add_option("--json", json_file, "write the figures as JSON to FILE, \"-\" for standard output")->type_name("FILE");
  app.add_option("--csv", csv_file, "write one row per case and region to FILE")->type_name("FILE");
  add_common(app, common, "consilium evaluate --reference labels --prediction out --scheme brats2023 --csv scores.csv", false);
  return run_verb(app, argc, argv, common, [&] {
    const auto report = pipelines::evaluate_folders(reference, prediction, imaging::label_scheme(scheme));
    const std::string json = pipelines::to_json(report).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
    if (json_file == "-") {
      fmt::print("{}", json);
    } else {
      if (!json_file.empty()) write_file(json_file, json);
      fmt::print("{}", pipelines::to_text(report));
    }
    if (!csv_file.empty()) write_file(csv_file, pipelines::to_csv(report));
    return report.failures.empty() ? 0 : static_cast<int>(ErrorCode::kPartial);
  });
}

}  // namespace consilium::tools
