#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "pipelines/report_charts.h"
#include "pipelines/report_html.h"

namespace consilium::pipelines {
namespace {

constexpr int kLeft = 96, kRight = 322, kRow = 15, kHead = 22;  // pixels; the mean is written right of the plot

struct Dot {
  double dice;
  const CaseResult* source;
};

std::vector<Dot> dots_of(const RunResults& results, const std::string& region, const std::string& site,
                         const std::string& model) {
  std::vector<Dot> dots;
  for (const CaseResult& c : results.cases)
    if (c.site == site && c.model == model)
      for (const RegionScore& score : c.regions)
        if (score.region == region && std::isfinite(score.dice)) dots.push_back({std::clamp(score.dice, 0.0, 1.0), &c});
  return dots;
}

double x_of(const Axis& axis, double value) { return kLeft + (kRight - kLeft) * (value - axis.low) / (axis.high - axis.low); }

/// One axis for all regions, so that panels can be compared.
Axis dice_axis(const RunResults& results) {
  double low = 1;
  for (const CaseResult& c : results.cases)
    for (const RegionScore& score : c.regions)
      if (std::isfinite(score.dice)) low = std::min(low, std::clamp(score.dice, 0.0, 1.0));
  return round_axis(std::min(low, 0.8), 1, 5);
}

std::string row(const RunResults& results, const ModelSummary& model, const std::string& site, const std::string& region,
                const Axis& axis, int y) {
  const std::vector<Dot> dots = dots_of(results, region, site, model.name);
  const std::string type = model_class(results, model.name);
  const bool home = own_model_of(results, site) == model.name;
  std::string svg = fmt::format("<g class=\"{}\"><text class=\"label\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}{}</text>", type,
                                kLeft - 8, y + 4, escape_html(shortened(model.name, home ? 9 : 13)), home ? " (own)" : "");
  svg += fmt::format("<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{}\" y2=\"{}\"/>", kLeft, kRight, y, y);
  double sum = 0;
  for (std::size_t n = 0; n < dots.size(); ++n) {
    sum += dots[n].dice;
    // Moved up and down in turn, so that equal values stay visible.
    const double shift = dots.size() > 1 ? (static_cast<double>(n % 3) - 1) * 2.4 : 0;
    svg += fmt::format("<circle class=\"dot\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"><title>{}, {}: {} Dice {}</title></circle>",
                       x_of(axis, dots[n].dice), y + shift, escape_html(dots[n].source->name), escape_html(model.name),
                       escape_html(region), number(dots[n].dice, 3));
  }
  if (!dots.empty()) {
    const double mean = sum / static_cast<double>(dots.size());
    svg +=
        fmt::format("<line class=\"mean\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/>", x_of(axis, mean), y - 6, y + 6);
    svg += fmt::format("<text class=\"value\" x=\"{}\" y=\"{}\">{}</text>", kRight + 8, y + 4, number(mean, 2));
  }
  return svg + "</g>";
}

Chart strip_chart(const RunResults& results, const std::string& region, const Axis& axis) {
  Chart chart{"dice_" + region, "Dice of " + region + ", every test case a dot, by site and model", 360, 24, ""};
  std::string rows;
  for (const SiteSummary& site : results.sites) {
    const bool judged =
        std::any_of(results.cases.begin(), results.cases.end(), [&](const CaseResult& c) { return c.site == site.name; });
    if (!judged) continue;
    rows += fmt::format("<text class=\"group\" x=\"4\" y=\"{}\">at {}</text>", chart.height + 14,
                        escape_html(shortened(site.name, 40)));
    chart.height += kHead;
    for (const ModelSummary& model : results.models) {
      rows += row(results, model, site.name, region, axis, chart.height + kRow / 2);
      chart.height += kRow;
    }
    chart.height += 6;
  }
  for (double value = axis.low; value <= axis.high + axis.step / 2; value += axis.step) {
    chart.body += fmt::format("<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/>", x_of(axis, value),
                              kHead, chart.height);
    chart.body += fmt::format("<text class=\"tick\" x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>", x_of(axis, value),
                              chart.height + 14, number(value, axis.decimals));
  }
  chart.body += fmt::format("<text class=\"head\" x=\"4\" y=\"14\">Dice, {}</text>", escape_html(shortened(region, 40)));
  chart.body += fmt::format("<text class=\"tick\" x=\"{}\" y=\"14\">mean</text>", kRight + 8);
  chart.body += rows;
  chart.height += 20;
  return chart;
}

}  // namespace

std::vector<Chart> strip_charts(const RunResults& results) {
  std::vector<Chart> charts;
  if (results.cases.empty()) return charts;
  const Axis axis = dice_axis(results);
  for (const std::string& region : results.regions) charts.push_back(strip_chart(results, region, axis));
  return charts;
}

}  // namespace consilium::pipelines
