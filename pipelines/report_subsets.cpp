#include "pipelines/report_subsets.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "pipelines/report_html.h"

namespace consilium::pipelines {
namespace {

std::string head_of(const ModelSummary& model, const RunResults& results) {
  return fmt::format("<th scope=\"col\"><i class=\"key {}\"></i>{}{}</th>", model_class(results, model.name), escape_html(model.name), model.kind == "single" ? "<small>alone</small>" : "");
}

std::string table_start(const std::string& caption, const std::string& heads) {
  return fmt::format("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table class=\"plain\"><caption>{0}</caption><thead><tr>{1}</tr></thead><tbody>\n", escape_html(caption), heads);
}

constexpr const char* kTableEnd = "</tbody></table></div>\n";

std::string column(const std::string& text) { return element("th", "scope=\"col\"", escape_html(text)); }

/// Judged models in the order of the run.
std::vector<const ModelSummary*> judged_models(const RunResults& results) {
  std::vector<const ModelSummary*> models;
  for (const ModelSummary& model : results.models)
    if (std::any_of(results.subsets.begin(), results.subsets.end(), [&](const SubsetResult& r) { return r.model == model.name; })) models.push_back(&model);
  return models;
}

std::string subset_row(const RunResults& results, const std::string& site, const std::vector<std::string>& subset, const std::vector<const ModelSummary*>& models) {
  std::vector<SubsetMean> means;
  double best = std::nan("");
  for (const ModelSummary* model : models) {
    means.push_back(subset_mean(results.subsets, model->name, site, subset));
    if (means.back().cases > 0 && !(means.back().dice <= best)) best = means.back().dice;
  }
  const std::string best_text = number(best, 3);
  std::string html = "<tr>" + element("th", "scope=\"row\"", escape_html(subset_name(subset)));
  for (const SubsetMean& mean : means) {
    const std::string text = number(mean.dice, 3);
    html += element("td", "", mean.cases > 0 && text == best_text ? element("b", "", text) : text);
  }
  return html + "</tr>\n";
}

// Modalities have the colours of the single-site models, classes shapes.
std::string mark(std::size_t modality, std::size_t shape, double x, double y, const std::string& title) {
  const std::string place = fmt::format("class=\"dot\" transform=\"translate({:.1f} {:.1f})\"", x, y);
  const char* const paths[] = {"M-4 0A4 4 0 1 0 4 0A4 4 0 1 0 -4 0Z", "M-4 -4H4V4H-4Z", "M0 -5 5 4H-5Z", "M0 -5 5 0 0 5 -5 0Z", "M-5 -1.5H-1.5V-5H1.5V-1.5H5V1.5H1.5V5H-1.5V1.5H-5Z"};
  return fmt::format("<g class=\"m{}\"><path {} d=\"{}\"><title>{}</title></path></g>", modality % 8, place, paths[shape % 5], escape_html(title));
}

struct Frame {
  double low_x = 1e300, high_x = -1e300, low_y = 1e300, high_y = -1e300;
  void take(double x, double y) {
    low_x = std::min(low_x, x), high_x = std::max(high_x, x);
    low_y = std::min(low_y, y), high_y = std::max(high_y, y);
  }
  /// One scale for both axes: distances can be compared.
  double scale(double size) const { return size / std::max({high_x - low_x, high_y - low_y, 1e-9}); }
};

std::vector<std::string> values_of(const std::vector<MapPoint>& points, std::string MapPoint::*field) {
  std::vector<std::string> values;
  for (const MapPoint& p : points)
    if (std::find(values.begin(), values.end(), p.*field) == values.end()) values.push_back(p.*field);
  return values;
}

Chart feature_map(const std::vector<MapPoint>& points, const std::string& name, const std::string& title, double MapPoint::*x, double MapPoint::*y) {
  constexpr double kSize = 300, kLeft = 24, kTop = 30;
  const std::vector<std::string> modalities = values_of(points, &MapPoint::modality), classes = values_of(points, &MapPoint::group);
  Frame frame;
  for (const MapPoint& p : points) frame.take(p.*x, p.*y);
  const double scale = frame.scale(kSize);
  Chart chart{name, title, 360, 0, fmt::format("<text class=\"head\" x=\"4\" y=\"14\">{}</text>", escape_html(title))};
  const auto number_of = [](const std::vector<std::string>& list, const std::string& value) { return static_cast<std::size_t>(std::find(list.begin(), list.end(), value) - list.begin()); };
  for (const MapPoint& p : points)
    chart.body += mark(number_of(modalities, p.modality), number_of(classes, p.group), kLeft + (p.*x - frame.low_x) * scale, kTop + kSize - (p.*y - frame.low_y) * scale,
                       p.modality + (p.group.empty() ? "" : ", class " + p.group) + ": " + p.name + " of " + p.site);
  double across = kLeft, down = kTop + kSize + 24;
  const auto legend = [&](std::size_t modality, std::size_t shape, const std::string& text) {
    chart.body += mark(modality, shape, across, down, text) + fmt::format("<text class=\"tick\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", across + 9, down + 4, escape_html(shortened(text, 14)));
    across += 30 + 7.0 * static_cast<double>(std::min<std::size_t>(text.size(), 14));
  };
  for (std::size_t m = 0; m < modalities.size(); ++m) legend(m, 0, modalities[m]);
  across = kLeft, down += 20;
  if (classes.size() > 1)
    for (std::size_t c = 0; c < classes.size(); ++c) legend(0, c, "class " + classes[c]);
  chart.height = static_cast<int>(down) + 12;
  return chart;
}

}  // namespace

std::string subset_table(const RunResults& results, const std::string& site) {
  const auto models = judged_models(results);
  if (models.empty()) return "";
  std::string heads = column("modalities given");
  for (const ModelSummary* model : models) heads += head_of(*model, results);
  std::string html = table_start(site.empty() ? "Mean Dice by the modalities that are given, all test cases" : "Mean Dice by the modalities that are given, test cases of " + site, heads);
  for (const auto& subset : subsets_in(results.subsets)) html += subset_row(results, site, subset, models);
  return html + kTableEnd;
}

std::string subset_tables(const RunResults& results) {
  std::string sites;
  for (const SiteSummary& site : results.sites) sites += subset_table(results, site.name);
  return subset_table(results, "") + (results.sites.size() > 1 ? "<details><summary>Site by site</summary>" + sites + "</details>\n" : "");
}

std::string retrieval_table(const RunResults& results) {
  if (results.alignment.retrieval.empty()) return "";
  std::string html = table_start("A case's vector in one modality looks for the same case in another, among all test cases", column("from") + column("to") + column("cases") + column("first hit") + column("untrained network") + column("chance"));
  for (const Retrieval& r : results.alignment.retrieval)
    html += "<tr>" + element("th", "scope=\"row\"", escape_html(r.from)) + element("td", "", escape_html(r.to)) + element("td", "", std::to_string(r.cases)) + element("td", "", element("b", "", number(r.top1, 2))) +
            element("td", "", number(r.top1_before, 2)) + element("td", "", number(r.chance, 2)) + "</tr>\n";
  return html + kTableEnd;
}

std::string gate_table(const RunResults& results) {
  if (results.alignment.gates.empty()) return "";
  std::vector<std::string> gates;
  std::map<std::string, std::map<std::string, double>> by_site;
  for (const GateWeight& g : results.alignment.gates) {
    if (std::find(gates.begin(), gates.end(), g.gate) == gates.end()) gates.push_back(g.gate);
    by_site[g.site][g.gate] = g.mean;
  }
  std::string heads = column("test cases of");
  for (const std::string& gate : gates) heads += column(gate);
  std::string html = table_start("Mean weight in the fusion, by modality and level", heads);
  for (const auto& [site, means] : by_site) {
    html += "<tr>" + element("th", "scope=\"row\"", escape_html(site));
    for (const std::string& gate : gates) html += element("td", "", means.contains(gate) ? number(means.at(gate), 2) : "–");
    html += "</tr>\n";
  }
  return html + kTableEnd;
}

std::vector<Chart> feature_maps(const RunResults& results) {
  std::vector<MapPoint> images, classes;
  for (const MapPoint& p : results.alignment.points) (p.group.empty() ? images : classes).push_back(p);
  std::vector<Chart> charts;
  for (const auto& [points, what, name] : {std::tuple{&images, "Images", "map_images"}, std::tuple{&classes, "Classes", "map_classes"}}) {
    if (points->empty()) continue;
    charts.push_back(feature_map(*points, std::string(name) + "_before", std::string(what) + " by modality, untrained network", &MapPoint::x_before, &MapPoint::y_before));
    charts.push_back(feature_map(*points, name, std::string(what) + " by modality, trained", &MapPoint::x, &MapPoint::y));
  }
  return charts;
}

}  // namespace consilium::pipelines
