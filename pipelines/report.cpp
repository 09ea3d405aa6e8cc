#include "pipelines/report.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "base/files.h"
#include "imaging/render/picture.h"
#include "pipelines/cross_site.h"
#include "pipelines/report_charts.h"
#include "pipelines/report_subsets.h"
#include "pipelines/report_findings.h"
#include "pipelines/report_page.h"
#include "pipelines/report_participation.h"
#include "pipelines/report_pictures.h"

namespace consilium::pipelines {
namespace {

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json to_json(const Comparison& c) {
  return {{"model", c.model},
          {"against", c.against.empty() ? "own" : c.against},
          {"cases", c.cases},
          {"mean_difference", number_or_null(c.mean_difference)},
          {"interval", {number_or_null(c.interval.low), number_or_null(c.interval.high)}},
          {"better", c.better},
          {"worse", c.worse},
          {"p", c.p_value},
          {"p_holm", c.p_holm}};
}

Json to_json(const Findings& findings) {
  Json json{{"schema", "consilium.findings/1"},
            {"headline", findings.headline},
            {"answer", findings.answer},
            {"sites", Json::array()},
            {"comparisons", Json::array()}};
  json["own"] = findings.own ? to_json(*findings.own) : Json();
  for (const SiteGain& gain : findings.sites)
    json["sites"].push_back({{"site", gain.site},
                             {"cases", gain.cases},
                             {"federated_dice", number_or_null(gain.federated_dice)},
                             {"own_dice", number_or_null(gain.own_dice)},
                             {"pooled_dice", number_or_null(gain.pooled_dice)},
                             {"gain", gain.own.empty() ? Json() : to_json(gain.gain)}});
  for (const Comparison& c : findings.comparisons) json["comparisons"].push_back(to_json(c));
  return json;
}

/// The model whose cases are shown: the federated one, else the first.
std::string shown_model(const RunResults& results, const Findings& findings) {
  if (!findings.federated.empty()) return findings.federated;
  return results.models.empty() ? "" : results.models[0].name;
}

/// A name from the results as part of a file name.
std::string file_word(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '_'; }, '_');
  return text.substr(0, 60);
}

std::vector<fs::path> write_pictures(const fs::path& folder, const RunResults& results, const Findings& findings,
                                     const std::vector<CasePicture>& cases) {
  std::vector<fs::path> files;
  const auto keep = [&](const std::string& name, const std::string& bytes) {
    write_file(folder / name, bytes);
    files.push_back(folder / name);
  };
  std::vector<Chart> charts = strip_charts(results);
  for (Chart& chart : curve_charts(results)) charts.push_back(std::move(chart));
  for (Chart& chart : timeline_charts(results)) charts.push_back(std::move(chart));
  for (Chart& chart : feature_maps(results)) charts.push_back(std::move(chart));
  if (!findings.sites.empty()) charts.push_back(gain_chart(results, findings));
  for (const Chart& chart : charts) keep(file_word(chart.name) + ".svg", to_svg_file(chart));
  for (const CasePicture& c : cases)
    for (const PredictionPicture& p : c.predictions)
      if (p.fill.width > 0) keep(file_word(c.role + "_" + c.site + "_" + p.model) + ".png", encode_png(flatten(c, p)));
  if (const imaging::Picture montage = montage_of(results, cases); montage.width > 0) keep("overlays.png", encode_png(montage));
  return files;
}

}  // namespace

ReportOutcome write_report(const fs::path& run, const fs::path& html, const ReportOptions& options) {
  const RunResults results = parse_run_results(read_json(run / "results.json"), "results.json");
  const Findings findings = find(results);
  const std::vector<CasePicture> cases = draw_cases(run, results, shown_model(results, findings));
  ReportOutcome outcome{findings.headline, findings.answer, {}, {html}, to_json(findings)};
  outcome.summary["cross_site"] = cross_site(results);
  for (const std::string& line : missing_sites(results)) outcome.warnings.push_back(line);
  for (const CasePicture& c : cases) {
    if (!c.problem.empty()) outcome.warnings.push_back(c.site + ", " + c.name + ": " + c.problem);
    for (const PredictionPicture& p : c.predictions)
      if (!p.problem.empty()) outcome.warnings.push_back(c.site + ", " + c.name + ", " + p.model + ": " + p.problem);
  }
  write_file(html, report_page(results, findings, cases));
  if (!options.pictures.empty())
    for (const fs::path& file : write_pictures(options.pictures, results, findings, cases)) outcome.files.push_back(file);
  return outcome;
}

}  // namespace consilium::pipelines
