#pragma once

#include <span>
#include <string>
#include <vector>

#include "pipelines/report_findings.h"

namespace consilium::pipelines {

/// A drawing that stands inline in the page or alone as a file; coloured by chart_style().
struct Chart {
  std::string name;   ///< of its file, without extension
  std::string title;  ///< plain text
  int width = 360;
  int height = 0;
  std::string body;  ///< SVG elements
};

/// `<svg>` element for the page, as wide as its place, read aloud as `title`.
std::string to_inline_svg(const Chart& chart);
/// A whole SVG file, with its colours for light and dark ground.
std::string to_svg_file(const Chart& chart);

/// Class that gives a model its colour, the same in every chart: federated, pooled, and the single-site models in turn.
std::string model_class(const RunResults& results, const std::string& model);

/// Ends at round numbers around `low` and `high`; at most `most` steps between them.
struct Axis {
  double low = 0;
  double high = 1;
  double step = 0.2;
  int decimals = 1;
};
Axis round_axis(double low, double high, int most);

/// Text cut to `letters`, with an ellipsis; not yet escaped.
std::string shortened(const std::string& text, std::size_t letters);

// Tracks take the width of their place: horizontal positions are per cent of it.

/// One site's models on the Dice axis: its own, the federated, the pooled, those of other sites.
std::string gain_track(const RunResults& results, const Findings& findings, const SiteGain& gain);
/// The axis below gain tracks.
std::string gain_axis(const RunResults& results, const Findings& findings);
/// Mean difference with its interval, and zero.
std::string difference_track(const Comparison& comparison, std::span<const Comparison> table);

/// The gain tracks as one drawing.
Chart gain_chart(const RunResults& results, const Findings& findings);
/// One per region: a dot for every case, row by row of site and model, with the mean.
std::vector<Chart> strip_charts(const RunResults& results);
/// Validation Dice for every site, then training loss, over optimisation steps. Empty when no curve was recorded.
std::vector<Chart> curve_charts(const RunResults& results);

/// Style sheet of the charts.
std::string_view chart_style();

}  // namespace consilium::pipelines
