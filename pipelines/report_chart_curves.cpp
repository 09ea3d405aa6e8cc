#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "pipelines/report_charts.h"
#include "pipelines/report_html.h"

namespace consilium::pipelines {
namespace {

constexpr int kLeft = 40, kRight = 282, kTop = 30, kBottom = 196;  // pixels; names of the lines stand right of the plot

struct Point {
  double steps, value;
  std::int64_t round;
};

struct Line {
  std::string model, type;
  std::int64_t best_round;
  std::vector<Point> points;
};

struct Scale {
  Axis x, y;
  double across(double steps) const { return kLeft + (kRight - kLeft) * (steps - x.low) / (x.high - x.low); }
  double up(double value) const { return kBottom - (kBottom - kTop) * (value - y.low) / (y.high - y.low); }
};

Scale scale_of(const std::vector<std::vector<Line>>& charts) {
  double steps = 0, low = 1e300, high = -1e300;
  for (const std::vector<Line>& lines : charts)
    for (const Line& line : lines)
      for (const Point& p : line.points)
        steps = std::max(steps, p.steps), low = std::min(low, p.value), high = std::max(high, p.value);
  return {round_axis(0, std::max(steps, 1.0), 5), round_axis(low, high, 6)};
}

std::string axes(const Scale& scale) {
  std::string svg;
  for (double value = scale.y.low; value <= scale.y.high + scale.y.step / 2; value += scale.y.step) {
    svg +=
        fmt::format("<line class=\"grid\" x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/>", kLeft, kRight, scale.up(value));
    svg += fmt::format("<text class=\"tick\" x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>", kLeft - 6, scale.up(value) + 4,
                       number(value, scale.y.decimals));
  }
  for (double value = scale.x.low; value <= scale.x.high + scale.x.step / 2; value += scale.x.step)
    svg += fmt::format("<text class=\"tick\" x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>", scale.across(value),
                       kBottom + 15, number(value, scale.x.decimals));
  return svg + fmt::format("<text class=\"tick\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">optimisation steps</text>",
                           (kLeft + kRight) / 2, kBottom + 30);
}

std::string draw(const Line& line, const Scale& scale, const std::string& what) {
  std::string path, marks;
  for (const Point& p : line.points) {
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", scale.across(p.steps), scale.up(p.value));
    const bool best = p.round == line.best_round;
    marks += fmt::format(
        "<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"><title>{}, round {} ({:.0f} steps): {} {}{}</title></circle>",
        best ? "best" : "point", scale.across(p.steps), scale.up(p.value), best ? 4.5 : 2.5, escape_html(line.model), p.round,
        p.steps, what, number(p.value, 3), best ? ", the model that is judged" : "");
  }
  return fmt::format("<g class=\"{}\"><path class=\"curve\" d=\"{}\"/>{}</g>", line.type, path, marks);
}

/// Names at the ends of the lines, pushed apart so that none covers another.
std::string names(const std::vector<Line>& lines, const Scale& scale) {
  std::vector<std::pair<double, const Line*>> places;
  for (const Line& line : lines) places.emplace_back(scale.up(line.points.back().value), &line);
  std::sort(places.begin(), places.end());
  const double apart = std::min(13.0, (kBottom + 2.0 - kTop) / static_cast<double>(places.size()));
  for (std::size_t n = 1; n < places.size(); ++n) places[n].first = std::max(places[n].first, places[n - 1].first + apart);
  double lowest = kBottom + 2;
  for (std::size_t n = places.size(); n-- > 0; lowest -= apart) {
    places[n].first = std::min(places[n].first, lowest);
    lowest = places[n].first;
  }
  std::string svg;
  for (const auto& [y, line] : places)
    svg += fmt::format("<g class=\"{}\"><text class=\"name\" x=\"{}\" y=\"{:.1f}\">{}</text></g>", line->type, kRight + 8, y + 4,
                       escape_html(shortened(line->model, 11)));
  return svg;
}

Chart curve_chart(const std::string& name, const std::string& title, const std::string& what, const std::vector<Line>& lines,
                  const Scale& scale) {
  Chart chart{name, title, 360, kBottom + 36,
              fmt::format("<text class=\"head\" x=\"4\" y=\"14\">{}</text>", escape_html(shortened(title, 54)))};
  chart.body += axes(scale);
  for (const Line& line : lines) chart.body += draw(line, scale, what);
  chart.body += names(lines, scale);
  return chart;
}

template <typename Value>
std::vector<Line> lines_of(const RunResults& results, Value value) {
  std::vector<Line> lines;
  for (const ModelSummary& model : results.models) {
    Line line{model.name, model_class(results, model.name), model.best_round, {}};
    for (const CurvePoint& p : model.curve)
      if (const double v = value(p); std::isfinite(v)) line.points.push_back({static_cast<double>(p.steps), v, p.round});
    if (!line.points.empty()) lines.push_back(line);
  }
  return lines;
}

}  // namespace

std::vector<Chart> curve_charts(const RunResults& results) {
  std::vector<Chart> charts;
  std::vector<std::vector<Line>> validations;
  const double none = std::nan("");
  for (const SiteSummary& site : results.sites)
    validations.push_back(lines_of(results, [&](const CurvePoint& p) {
      const auto found = p.validation.find(site.name);
      return found == p.validation.end() ? none : found->second;
    }));
  const Scale scale = scale_of(validations);  // one for all sites, so that they can be compared
  for (std::size_t n = 0; n < results.sites.size(); ++n) {
    const std::string& site = results.sites[n].name;
    if (!validations[n].empty())
      charts.push_back(curve_chart("validation_" + site, "Validation Dice at " + site, "Dice", validations[n], scale));
  }
  // Nothing was trained before step 1: no loss there.
  const auto losses = lines_of(results, [&](const CurvePoint& p) { return p.steps > 0 ? p.loss : none; });
  if (!losses.empty()) charts.push_back(curve_chart("loss", "Training loss", "loss", losses, scale_of({losses})));
  return charts;
}

}  // namespace consilium::pipelines
