#include "pipelines/report.h"

#include <fmt/format.h>

#include "base/progress.h"
#include "tools/verb.h"

namespace consilium::tools {

int cmd_report(int argc, char** argv) {
  CLI::App app(
      "One HTML page that says what federation buys each site: tables, tests, every case, training curves, overlays. Needs no "
      "network and no script.",
      "consilium report");
  CommonOptions common;
  std::string run, html;
  pipelines::ReportOptions options;
  app.add_option("RUN_DIR", run, "folder that consilium simulate made (results.json, images, references, predictions)")
      ->required();
  app.add_option("-o", html, "the page")->required()->type_name("FILE.html");
  app.add_option("--pictures", options.pictures, "also write charts (SVG) and overlays (PNG) as files of their own into DIR")
      ->type_name("DIR");
  add_common(app, common, "consilium report runs/demo/run -o runs/demo/report.html");
  return run_verb(app, argc, argv, common, [&] {
    const pipelines::ReportOutcome outcome = pipelines::write_report(run, html, options);
    for (const std::string& warning : outcome.warnings) log_warning(warning);
    if (common.json) {
      Json json = outcome.summary;
      json["warnings"] = outcome.warnings;
      for (const auto& file : outcome.files) json["files"].push_back(file.string());
      fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
    } else {
      fmt::print("{}. {}\nwritten: {}\n", outcome.headline, outcome.answer, html);
    }
    return 0;
  });
}

}  // namespace consilium::tools
