#include "pipelines/report_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "base/progress.h"
#include "pipelines/cross_site.h"
#include "pipelines/report_charts.h"
#include "pipelines/report_html.h"

namespace consilium::pipelines {
namespace {

/// A table that scrolls by itself when the screen is narrow, also by keyboard.
std::string scrolling(const std::string& label, const std::string& table) {
  return fmt::format("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\">{}</div>\n", escape_html(label),
                     table);
}

std::string model_heads(const RunResults& results) {
  std::string heads;
  for (const ModelSummary& model : results.models)
    heads += fmt::format("<th scope=\"col\"><i class=\"key {}\"></i>{}{}</th>", model_class(results, model.name),
                         escape_html(model.name), model.kind == "single" ? "<small>alone</small>" : "");
  return heads;
}

struct Cell {
  double value = 0;
  std::string note;
};

struct Row {
  std::string name;
  std::string own;  ///< the model to mark
  std::vector<Cell> cells;
  bool apart = false;  ///< from the rows above
};

/// How the shading is read: 0 is the worst value, 1 the best.
struct Shading {
  double worst = 0, best = 1;
  double share(double value) const { return best == worst ? 0.5 : std::clamp((value - worst) / (best - worst), 0.0, 1.0); }
};

std::string matrix_row(const RunResults& results, const Row& row, const Shading& shading, int decimals) {
  double best = std::nan("");
  for (const Cell& cell : row.cells)
    if (std::isfinite(cell.value) && (std::isnan(best) || shading.share(cell.value) > shading.share(best))) best = cell.value;
  const std::string best_text = number(best, decimals);
  std::string html = fmt::format("<tr{}><th scope=\"row\">{}</th>", row.apart ? " class=\"first\"" : "", escape_html(row.name));
  for (std::size_t n = 0; n < row.cells.size(); ++n) {
    const Cell& cell = row.cells[n];
    const std::string text = number(cell.value, decimals);
    const bool own = !row.own.empty() && results.models[n].name == row.own;
    const std::string heat =
        std::isfinite(cell.value) ? fmt::format(" style=\"--h:{:.2f}\"", 0.03 + 0.45 * shading.share(cell.value)) : "";
    const std::string figure = std::isfinite(cell.value) && text == best_text ? element("b", "", text) : text;
    html += fmt::format("<td class=\"heat{}\"{}>{}{}{}</td>", own ? " own" : "", heat, figure,
                        own ? "<span class=\"vh\"> (own model)</span>" : "",
                        cell.note.empty() ? "" : element("small", "", cell.note));
  }
  return html + "</tr>\n";
}

std::string matrix(const RunResults& results, const std::string& caption, bool more_is_better, int decimals,
                   const std::function<Cell(const std::string& model, const std::string& site)>& cell_of) {
  std::vector<Row> rows;
  Row worst{"worst site", "", std::vector<Cell>(results.models.size(), Cell{std::nan(""), ""}), false};
  double low = 1e300, high = -1e300;
  std::size_t longest = 0;  // letters, or bytes: near enough for a column's width
  for (const SiteSummary& site : results.sites) {
    longest = std::max(longest, site.name.size());
    Row row{site.name, own_model_of(results, site.name), {}, false};
    for (std::size_t m = 0; m < results.models.size(); ++m) {
      row.cells.push_back(cell_of(results.models[m].name, site.name));
      const double value = row.cells.back().value;
      if (!std::isfinite(value)) continue;
      low = std::min(low, value);
      high = std::max(high, value);
      double& most = worst.cells[m].value;
      if (std::isnan(most) || (more_is_better ? value < most : value > most)) most = value;
    }
    rows.push_back(std::move(row));
  }
  const Shading shading = more_is_better ? Shading{low, high} : Shading{high, low};
  std::string html = fmt::format(
      "<table class=\"matrix\" style=\"--n:{};--w:{}px\"><caption>{}</caption><thead><tr><th scope=\"col\">test cases "
      "of</th>{}</tr></thead><tbody>\n",
      results.models.size(), std::clamp<std::size_t>(longest * 8 + 12, 104, 190), escape_html(caption), model_heads(results));
  for (const Row& row : rows) html += matrix_row(results, row, shading, decimals);
  Row all{"all cases", "", {}, true};
  for (const ModelSummary& model : results.models) all.cells.push_back(cell_of(model.name, ""));
  html += matrix_row(results, all, shading, decimals);
  if (rows.size() > 1) html += matrix_row(results, worst, shading, decimals);
  return scrolling(caption, html + "</tbody></table>");
}

std::string interval_of(const Comparison& c) {
  return std::isnan(c.interval.low) ? "–" : signed_number(c.interval.low) + " to " + signed_number(c.interval.high);
}

/// What a site's labels leave out is said wherever its figures are explained.
std::string annotated_note(const SiteSummary& site) {
  if (site.annotated.empty()) return "";
  std::string names;
  for (const std::string& name : site.annotated) names += (names.empty() ? "" : ", ") + escape_html(name);
  return (site.description.empty() ? "" : "; ") + ("its labels show " + names + " only");
}

std::string gain_item(const RunResults& results, const Findings& findings, const SiteGain& gain) {
  std::string change = "<span class=\"muted\">no model of its own</span>";
  std::string spoken = fmt::format("federated {}", number(gain.federated_dice, 3));
  if (gain.gain.cases > 0) {
    const std::string certainty =
        std::isnan(gain.gain.interval.low)
            ? "too few cases for an interval"
            : fmt::format("95\u00a0% CI {}<br>p (Holm) {}", interval_of(gain.gain), escape_html(p_text(gain.gain.p_holm)));
    change = fmt::format("<b class=\"{}\">{}</b><small>{}</small>", gain.gain.mean_difference >= 0 ? "good" : "bad",
                         signed_number(gain.gain.mean_difference), certainty);
    spoken = fmt::format("own model {}, ", number(gain.own_dice, 3)) + spoken;
  }
  if (std::isfinite(gain.pooled_dice)) spoken += fmt::format(", pooled {}", number(gain.pooled_dice, 3));
  return fmt::format(
      "<li><div class=\"who\"><b>{}</b><small>{}</small><span class=\"vh\">mean Dice: {}</span></div>{}<div "
      "class=\"change\">{}</div></li>\n",
      escape_html(gain.site), counted(gain.cases, "test case"), spoken, gain_track(results, findings, gain), change);
}

}  // namespace

std::string dice_matrix(const RunResults& results, const std::string& region) {
  const std::string caption =
      region.empty() ? (results.regions.size() > 1 ? "Dice, mean over regions" : "Dice") : "Dice, " + region;
  return matrix(results, caption, true, 3, [&](const std::string& model, const std::string& site) {
    return Cell{mean_score(results, model, site, region).dice, ""};
  });
}

std::string hd95_matrix(const RunResults& results, const std::string& region) {
  const std::string caption = region.empty() ? "HD95 in mm, mean over regions" : "HD95 in mm, " + region;
  return matrix(results, caption, false, 1, [&](const std::string& model, const std::string& site) {
    const MeanScore mean = mean_score(results, model, site, region);
    std::string note;
    if (mean.missed > 0) note += fmt::format("{} missed", mean.missed);
    if (mean.without_hd95 > 0) note += fmt::format("{}{} without", note.empty() ? "" : ", ", mean.without_hd95);
    return Cell{mean.hd95_mm, note};
  });
}

std::string comparison_table(const std::vector<Comparison>& comparisons, const std::string& caption) {
  std::string html = fmt::format(
      "<table class=\"plain\"><caption>{}</caption><thead><tr><th scope=\"col\">federated minus</th><th scope=\"col\">mean "
      "difference</th>"
      "<th scope=\"col\">95\u00a0% CI</th><th scope=\"col\" class=\"drawn\"><span class=\"vh\">drawn</span></th><th "
      "scope=\"col\">better / worse</th>"
      "<th scope=\"col\">n</th><th scope=\"col\">p</th><th scope=\"col\">p (Holm)</th></tr></thead><tbody>\n",
      escape_html(caption));
  for (const Comparison& c : comparisons)
    html += fmt::format(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"nowrap\">{}</td><td class=\"drawn\">{}</td><td>{} / "
        "{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
        escape_html(c.against.empty() ? "each site's own model" : c.against), signed_number(c.mean_difference), interval_of(c),
        difference_track(c, comparisons), c.better, c.worse, c.cases, escape_html(p_text(c.p_value)),
        escape_html(p_text(c.p_holm)));
  return scrolling(caption, html + "</tbody></table>");
}

std::string gain_list(const RunResults& results, const Findings& findings) {
  std::string html = "<ul class=\"gains\">\n";
  for (const SiteGain& gain : findings.sites) html += gain_item(results, findings, gain);
  return html + fmt::format(
                    "<li class=\"axis\" aria-hidden=\"true\"><div class=\"who\"><small>mean Dice</small></div>{}<div "
                    "class=\"change\"></div></li></ul>\n",
                    gain_axis(results, findings));
}

std::string worst_site_table(const RunResults& results) {
  std::string html =
      "<table class=\"plain\"><caption>Each model where it does worst</caption><thead><tr><th scope=\"col\">model</th><th "
      "scope=\"col\" class=\"text\">worst site</th><th scope=\"col\">mean Dice there</th><th scope=\"col\">95\u00a0% CI</th><th "
      "scope=\"col\">cases</th></tr></thead><tbody>\n";
  for (const WorstSite& worst : worst_sites(results)) {
    const bool known = std::isfinite(worst.interval.low);
    html += fmt::format(
        "<tr><th scope=\"row\"><i class=\"key {}\"></i>{}</th><td class=\"text\">{}</td><td>{}</td><td "
        "class=\"nowrap\">{}</td><td>{}</td></tr>\n",
        model_class(results, worst.model), escape_html(worst.model), escape_html(worst.site), number(worst.dice, 3),
        known ? number(worst.interval.low, 3) + " to " + number(worst.interval.high, 3) : "–", worst.cases);
  }
  return scrolling("Each model where it does worst", html + "</tbody></table>");
}

std::string strata_table(const RunResults& results) {
  const std::vector<Stratum> strata = strata_of(results);
  if (strata.empty()) return "";
  std::string html = fmt::format(
      "<table class=\"plain\"><caption>Mean Dice by kind of site</caption><thead><tr><th scope=\"col\">kind</th><th "
      "scope=\"col\" class=\"text\">sites</th>{}</tr></thead><tbody>\n",
      model_heads(results));
  for (const Stratum& stratum : strata) {
    std::string sites;
    for (const std::string& site : stratum.sites) sites += (sites.empty() ? "" : ", ") + escape_html(site);
    html += fmt::format("<tr><th scope=\"row\">{}: {}</th><td class=\"text\">{}</td>", escape_html(stratum.key),
                        escape_html(stratum.value), sites);
    for (const MeanScore& mean : stratum.models) html += element("td", "", number(mean.dice, 3));
    html += "</tr>\n";
  }
  return scrolling("Mean Dice by kind of site", html + "</tbody></table>");
}

/// What the federation cost this site's patients.
std::string privacy_note(const RunResults& results, const std::string& site) {
  std::string note;
  for (const ModelSummary& model : results.models)
    if (const auto found = model.epsilon.find(site); found != model.epsilon.end()) note += fmt::format(" Differential privacy of each patient: epsilon {:.3g} at delta {:.3g}.", found->second, model.delta);
  return note;
}

std::string site_table(const RunResults& results) {
  const auto clustered = std::find_if(results.models.begin(), results.models.end(), [](const ModelSummary& model) { return !model.clusters.empty(); });
  const bool has_clusters = clustered != results.models.end();
  std::string html = fmt::format(
      "<table class=\"plain words\"><caption>Sites and their cases</caption><thead><tr><th scope=\"col\">site</th><th "
      "scope=\"col\">training</th><th scope=\"col\">validation</th>"
      "<th scope=\"col\">test</th>{}<th scope=\"col\" class=\"text\">what it is</th></tr></thead><tbody>\n",
      has_clusters ? "<th scope=\"col\" class=\"text\">cluster</th>" : "");
  for (const SiteSummary& site : results.sites)
    html += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td>{}<td class=\"text\">{}</td></tr>\n",
                        escape_html(site.name), site.train_cases, site.validation_cases, site.test_cases,
                        has_clusters ? element("td", "class=\"text\"", escape_html(cluster_text(*clustered, site.name))) : "",
                        escape_html(site.description) + annotated_note(site) + privacy_note(results, site.name));
  return scrolling("Sites and their cases", html + "</tbody></table>");
}

std::string model_table(const RunResults& results) {
  std::string html =
      "<table class=\"plain words\"><caption>Models and what they cost</caption><thead><tr><th scope=\"col\">model</th><th "
      "scope=\"col\" class=\"text\">trained on</th>"
      "<th scope=\"col\">steps</th><th scope=\"col\">compute, one core</th><th scope=\"col\">uploaded</th><th "
      "scope=\"col\">chosen after round</th></tr></thead><tbody>\n";
  for (const ModelSummary& model : results.models) {
    std::string sites;
    for (const std::string& site : model.trained_on) sites += (sites.empty() ? "" : ", ") + escape_html(site);
    html += fmt::format(
        "<tr><th scope=\"row\"><i class=\"key {}\"></i>{}</th><td class=\"text\">{}</td><td>{}</td><td "
        "class=\"nowrap\">{}</td><td>{}</td><td>{}</td></tr>\n",
        model_class(results, model.name), escape_html(model.name), sites, model.steps, format_duration(model.seconds),
        upload_text(model), model.best_round);
  }
  return scrolling("Models and what they cost", html + "</tbody></table>");
}

std::string case_table(const RunResults& results) {
  std::map<std::tuple<std::string, std::string, int>, std::map<std::string, double>> rows;
  for (const CaseResult& c : results.cases) {
    double sum = 0;
    for (const RegionScore& score : c.regions) sum += score.dice;
    if (!c.regions.empty()) rows[{c.site, c.name, c.fold}][c.model] = sum / static_cast<double>(c.regions.size());
  }
  std::string html = fmt::format(
      "<table class=\"plain\"><caption>Dice of every test case, mean over regions</caption><thead><tr><th "
      "scope=\"col\">case</th><th scope=\"col\" class=\"text\">site</th>{}</tr></thead><tbody>\n",
      model_heads(results));
  for (const auto& [key, scores] : rows) {
    html += fmt::format("<tr><th scope=\"row\">{}</th><td class=\"text\">{}</td>", escape_html(std::get<1>(key)),
                        escape_html(std::get<0>(key)));
    for (const ModelSummary& model : results.models) {
      const auto found = scores.find(model.name);
      html += element("td", "", number(found == scores.end() ? std::nan("") : found->second, 3));
    }
    html += "</tr>\n";
  }
  return scrolling("Dice of every test case", html + "</tbody></table>");
}

}  // namespace consilium::pipelines
