#include "pipelines/report_charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "pipelines/report_html.h"

namespace consilium::pipelines {
namespace {

constexpr int kSingleColours = 8;

Axis gain_scale(const RunResults& results, const Findings& findings) {
  double low = 1, high = 0;
  for (const SiteGain& gain : findings.sites)
    for (const ModelSummary& model : results.models) {
      const double dice = mean_score(results, model.name, gain.site, "").dice;
      if (std::isfinite(dice)) low = std::min(low, dice), high = std::max(high, dice);
    }
  return round_axis(low, high, 6);
}

/// Inside the track, so that marks at the ends are not cut off.
double percent(const Axis& axis, double value) { return 8 + 84 * (value - axis.low) / (axis.high - axis.low); }

std::string at_percent(double x, int y, std::string_view body) {
  return fmt::format("<svg x=\"{:.2f}%\" y=\"{}\" overflow=\"visible\">{}</svg>", x, y, body);
}

std::string gridlines(const Axis& axis, int height) {
  std::string svg;
  for (double value = axis.low; value <= axis.high + axis.step / 2; value += axis.step)
    svg +=
        fmt::format("<line class=\"grid\" x1=\"{0:.2f}%\" x2=\"{0:.2f}%\" y1=\"0\" y2=\"{1}\"/>", percent(axis, value), height);
  return svg;
}

/// A number above its mark; the two of a track grow away from each other.
std::string above(double x, int y, std::string_view type, std::string_view anchor, double value) {
  const int shift = anchor == "end" ? -2 : anchor == "start" ? 2 : 0;
  return at_percent(
      x, y,
      fmt::format("<text class=\"{}\" x=\"{}\" y=\"-11\" text-anchor=\"{}\">{}</text>", type, shift, anchor, number(value, 3)));
}

constexpr int kTrackHeight = 40;

std::string gain_track_body(const RunResults& results, const Findings& findings, const SiteGain& gain) {
  const Axis axis = gain_scale(results, findings);
  const int y = 25;
  std::string svg = gridlines(axis, kTrackHeight);
  for (const ModelSummary& model : results.models) {
    const double dice = mean_score(results, model.name, gain.site, "").dice;
    if (model.name == gain.own || model.name == findings.federated || model.name == findings.pooled || !std::isfinite(dice))
      continue;
    svg += at_percent(percent(axis, dice), y, "<path class=\"away\" d=\"M0-5V5\"/>");
  }
  const double federated = percent(axis, gain.federated_dice);
  if (std::isfinite(gain.own_dice)) {
    const double own = percent(axis, gain.own_dice);
    const bool up = gain.federated_dice >= gain.own_dice;
    svg += fmt::format("<line class=\"{}\" x1=\"{:.2f}%\" x2=\"{:.2f}%\" y1=\"{}\" y2=\"{}\"/>", up ? "up" : "down", own,
                       federated, y, y);
    svg += at_percent(own, y, "<circle class=\"own\" r=\"5.5\"/>");
    svg += above(own, y, "value", up ? "end" : "start", gain.own_dice) +
           above(federated, y, "value fed", up ? "start" : "end", gain.federated_dice);
  } else {
    svg += above(federated, y, "value fed", "middle", gain.federated_dice);
  }
  svg += at_percent(federated, y, "<circle class=\"fed\" r=\"6\"/>");
  if (std::isfinite(gain.pooled_dice))
    svg += at_percent(percent(axis, gain.pooled_dice), y, "<path class=\"pool\" d=\"M0-8.5 5.5 0 0 8.5-5.5 0Z\"/>");
  return svg;
}

std::string gain_axis_body(const RunResults& results, const Findings& findings) {
  const Axis axis = gain_scale(results, findings);
  std::string svg;
  for (double value = axis.low; value <= axis.high + axis.step / 2; value += axis.step)
    svg += fmt::format("<text class=\"tick\" x=\"{:.2f}%\" y=\"12\" text-anchor=\"middle\">{}</text>", percent(axis, value),
                       number(value, axis.decimals));
  return svg;
}

}  // namespace

Axis round_axis(double low, double high, int most) {
  if (!std::isfinite(low) || !std::isfinite(high) || low > high) return {};
  const double span = std::max(high - low, 1e-3 * std::max(1.0, std::abs(high)));
  double step = std::pow(10, std::floor(std::log10(span)) - 1);
  for (const double factor : {2.0, 2.5, 2.0})  // 1, 2, 5, 10 times a power of ten, and again
    if (span / step > most - 1) step *= factor;
  for (const double factor : {2.0, 2.5, 2.0})
    if (span / step > most - 1) step *= factor;
  const double first = std::floor(low / step + 1e-9) * step;
  double last = std::ceil(high / step - 1e-9) * step;
  if (last <= first) last = first + step;
  return {first, last, step, std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)))};
}

std::string shortened(const std::string& text, std::size_t letters) {
  std::size_t count = 0, end = 0;
  while (end < text.size() && count < letters) {
    ++end;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    if (++count == letters - 1 && end < text.size()) {
      std::size_t next = end + 1;
      while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xC0) == 0x80) ++next;
      if (next < text.size()) return text.substr(0, end) + "…";
    }
  }
  return text;
}

std::string to_inline_svg(const Chart& chart) {
  return fmt::format("<svg class=\"chart\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">{}</svg>", chart.width,
                     chart.height, escape_html(chart.title), chart.body);
}

std::string to_svg_file(const Chart& chart) {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" role=\"img\">"
      "<title>{2}</title><style>{3}</style><rect class=\"paper\" width=\"100%\" height=\"100%\"/>{4}</svg>\n",
      chart.width, chart.height, escape_html(chart.title), chart_style(), chart.body);
}

std::string model_class(const RunResults& results, const std::string& name) {
  int singles = 0;
  for (const ModelSummary& model : results.models) {
    const bool wanted = model.name == name;
    if (model.kind == "single") {
      if (wanted) return fmt::format("m{}", singles % kSingleColours);
      ++singles;
    } else if (wanted) {
      return model.kind == "federated" ? "mf" : "mp";
    }
  }
  return "mp";
}

std::string gain_track(const RunResults& results, const Findings& findings, const SiteGain& gain) {
  return fmt::format("<svg class=\"track\" height=\"{}\" aria-hidden=\"true\">{}</svg>", kTrackHeight,
                     gain_track_body(results, findings, gain));
}

std::string gain_axis(const RunResults& results, const Findings& findings) {
  return fmt::format("<svg class=\"track\" height=\"16\" aria-hidden=\"true\">{}</svg>", gain_axis_body(results, findings));
}

std::string difference_track(const Comparison& c, std::span<const Comparison> table) {
  double low = 0, high = 0;
  for (const Comparison& other : table)
    for (const double value : {other.mean_difference, other.interval.low, other.interval.high})
      if (std::isfinite(value)) low = std::min(low, value), high = std::max(high, value);
  const Axis axis{low, high > low ? high : low + 1, 1, 0};
  std::string svg = fmt::format("<line class=\"zero\" x1=\"{0:.2f}%\" x2=\"{0:.2f}%\" y1=\"0\" y2=\"24\"/>", percent(axis, 0));
  const char* kind = c.mean_difference >= 0 ? "up" : "down";
  if (std::isfinite(c.interval.low))
    svg += fmt::format("<line class=\"{}\" x1=\"{:.2f}%\" x2=\"{:.2f}%\" y1=\"12\" y2=\"12\"/>", kind,
                       percent(axis, c.interval.low), percent(axis, c.interval.high));
  if (std::isfinite(c.mean_difference))
    svg += at_percent(percent(axis, c.mean_difference), 12, fmt::format("<circle class=\"{}\" r=\"4.5\"/>", kind));
  return "<svg class=\"track\" height=\"24\" aria-hidden=\"true\">" + svg + "</svg>";
}

Chart gain_chart(const RunResults& results, const Findings& findings) {
  constexpr int kLabel = 150, kTrack = 400, kGain = 210, kTop = 34;
  Chart chart{"gains", "Mean Dice at each site: its own model, the federated model, the pooled model", kLabel + kTrack + kGain,
              kTop, ""};
  chart.body += "<text class=\"label\" x=\"12\" y=\"20\">mean Dice on the site's test cases</text>";
  for (const SiteGain& gain : findings.sites) {
    chart.body +=
        fmt::format("<text class=\"head\" x=\"12\" y=\"{}\">{}</text>", chart.height + 29, escape_html(shortened(gain.site, 18)));
    chart.body += fmt::format("<svg x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\">{}</svg>", kLabel, chart.height, kTrack,
                              kTrackHeight, gain_track_body(results, findings, gain));
    const std::string change = gain.own.empty() ? "no own model" : signed_number(gain.gain.mean_difference) + " against its own";
    chart.body +=
        fmt::format("<text class=\"label\" x=\"{}\" y=\"{}\">{}</text>", kLabel + kTrack + 14, chart.height + 29, change);
    chart.height += kTrackHeight;
  }
  chart.body += fmt::format("<svg x=\"{}\" y=\"{}\" width=\"{}\" height=\"16\">{}</svg>", kLabel, chart.height, kTrack,
                            gain_axis_body(results, findings));
  const int y = chart.height + 36;
  chart.body += fmt::format(
      "<svg x=\"{0}\" y=\"{1}\" overflow=\"visible\"><circle class=\"own\" r=\"5.5\"/><text class=\"label\" x=\"12\" y=\"4\">own "
      "model</text>"
      "<circle class=\"fed\" cx=\"104\" r=\"6\"/><text class=\"label\" x=\"116\" y=\"4\">federated</text>"
      "<path class=\"pool\" transform=\"translate(200)\" d=\"M0-8.5 5.5 0 0 8.5-5.5 0Z\"/><text class=\"label\" x=\"212\" "
      "y=\"4\">pooled</text>"
      "<path class=\"away\" transform=\"translate(280)\" d=\"M0-5V5\"/><text class=\"label\" x=\"290\" y=\"4\">models of other "
      "sites</text></svg>",
      kLabel + 16, y);
  chart.height = y + 18;
  return chart;
}

}  // namespace consilium::pipelines
