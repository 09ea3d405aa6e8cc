#include "pipelines/report_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/progress.h"
#include "pipelines/report_charts.h"
#include "pipelines/report_html.h"
#include "pipelines/report_contributions.h"
#include "pipelines/report_participation.h"
#include "pipelines/report_subsets.h"
#include "pipelines/report_tables.h"

namespace consilium::pipelines {
namespace {

struct Section {
  std::string id, heading, content;
};

std::string tile(const std::string& term, const std::string& figure, const std::string& note) {
  return fmt::format("<div><dt>{}</dt><dd><span class=\"big\">{}</span><small>{}</small></dd></div>\n", term, figure, note);
}

std::string interval_note(const Comparison& c) {
  if (std::isnan(c.interval.low)) return counted(c.cases, "case");
  return fmt::format("95\u00a0% CI {} to {}", signed_number(c.interval.low), signed_number(c.interval.high));
}

std::string key_figures(const RunResults& results, const Findings& findings) {
  std::string html = "<dl class=\"figures\">\n";
  const MeanScore all = mean_score(results, findings.federated, "", "");
  if (!findings.federated.empty()) {
    html += tile("federated model, mean Dice", number(all.dice, 3),
                 fmt::format("{} at {}", counted(all.cases, "test case"), counted(findings.sites.size(), "site")));
    if (findings.own && findings.own->cases > 0)
      html += tile("against each site's own model", signed_number(findings.own->mean_difference), interval_note(*findings.own));
    for (const Comparison& c : findings.comparisons)
      if (c.against == findings.pooled && c.cases > 0)
        html += tile("against pooled training", signed_number(c.mean_difference), interval_note(c));
    const auto worst = std::min_element(findings.sites.begin(), findings.sites.end(),
                                        [](const SiteGain& a, const SiteGain& b) { return a.federated_dice < b.federated_dice; });
    if (findings.sites.size() > 1 && worst != findings.sites.end())
      html += tile(
          "worst site, federated", number(worst->federated_dice, 3),
          escape_html(worst->site) + (worst->own.empty() ? "" : fmt::format("; its own model {}", number(worst->own_dice, 3))));
  } else {
    for (const ModelSummary& model : results.models) {
      const MeanScore mean = mean_score(results, model.name, "", "");
      html += tile(escape_html(model.name) + ", mean Dice", number(mean.dice, 3), counted(mean.cases, "test case"));
    }
  }
  return html + "</dl>\n";
}

/// What the marks of the gain tracks mean.
std::string gain_legend(const Findings& findings) {
  std::string html =
      R"(<ul class="legend"><li><svg width="14" height="14" aria-hidden="true"><circle class="own" cx="7" cy="7" r="5.5"/></svg>own model</li>)"
      R"(<li><svg width="14" height="14" aria-hidden="true"><circle class="fed" cx="7" cy="7" r="6"/></svg>federated</li>)";
  if (!findings.pooled.empty())
    html +=
        R"(<li><svg width="14" height="18" aria-hidden="true"><path class="pool" d="M7 .5 12.5 9 7 17.5 1.5 9Z"/></svg>pooled</li>)";
  if (findings.sites.size() > 1)
    html +=
        R"(<li><svg width="8" height="14" aria-hidden="true"><path class="away" d="M4 2V12"/></svg>models of other sites</li>)";
  return html + "</ul>\n";
}

Section gains(const RunResults& results, const Findings& findings) {
  std::string html =
      "<p>Each site's test cases, segmented by the model which that site can train alone and by the federated model. The "
      "headline "
      "names a site only if an interval corrected for the number of sites excludes zero. p: Wilcoxon's signed-rank test, "
      "Holm-corrected over the sites";
  std::size_t fewest = 0;
  for (const SiteGain& gain : findings.sites)
    if (gain.gain.cases > 0 && (fewest == 0 || gain.gain.cases < fewest)) fewest = gain.gain.cases;
  // Two-sided: 2 / 2^n is reached when all differences have one sign.
  if (fewest > 0 && fewest < 10)
    html += fmt::format("; {} cannot give p below {} before correction", counted(fewest, "case"),
                        p_text(std::min(1.0, 2 / std::exp2(static_cast<double>(fewest)))));
  return {"gains", "What federation buys each site", html + ".</p>\n" + gain_legend(findings) + gain_list(results, findings)};
}

Section matrices(const RunResults& results) {
  std::string html =
      "<p>Rows: whose test cases. Columns: which model. A framed cell is a site's own model at home; the other single-site cells "
      "show how it travels. "
      "The stronger its colour, the better a cell; the best of a row is bold; “all cases” counts every case once.</p>\n";
  html += dice_matrix(results, "");
  std::string pairs;
  for (const std::string& region : results.regions) {
    if (results.regions.size() > 1) pairs += dice_matrix(results, region);
    pairs += hd95_matrix(results, region);
  }
  html += element("div", results.models.size() > 6 ? "class=\"pairs wide\"" : "class=\"pairs\"", pairs);
  html +=
      "<p class=\"muted\">Dice: overlap, 0 to 1; a region that prediction and reference both lack counts 1, one that only one of "
      "them has counts 0 (as in BraTS 2023). "
      "HD95: 95th percentile of the distance between surfaces in mm, lower is better; a region that only one of them has "
      "(“missed”) counts the image's diagonal.</p>\n";
  if (results.sites.size() > 1) html += worst_site_table(results);
  return {"matrix", "Every model at every site", html + strata_table(results)};
}

Section subsets(const RunResults& results) {
  return {"modalities", "With some modalities only",
          "<p>Each test case, given one subset of its modalities after the other. A model gets none that it was not trained on; a single-site model that knows none of a subset is not judged there (–). The best of a row is bold.</p>\n" + subset_tables(results)};
}

Section alignment(const RunResults& results) {
  std::string html =
      "<p>What the network makes of each modality, test cases only. In a network whose modalities are aligned a patient's CT lies near the same patient's MR: the share of first hits is far above chance, and on the map the colours mix.</p>\n";
  html += retrieval_table(results) + "<div class=\"charts\">";
  for (const Chart& chart : feature_maps(results)) html += element("figure", "", to_inline_svg(chart)) + "\n";
  return {"alignment", "Alignment and fusion, seen", html + "</div>\n" + gate_table(results)};
}

Section statistics(const RunResults& results, const Findings& findings) {
  std::vector<Comparison> rows;
  if (findings.own && findings.own->cases > 0 && findings.comparisons.size() > 1) rows.push_back(*findings.own);
  rows.insert(rows.end(), findings.comparisons.begin(), findings.comparisons.end());
  std::string html =
      "<p>Paired over test cases: mean Dice over regions of the federated model minus that of another. Interval: percentile "
      "bootstrap over cases, 10\u202f000 draws; with fewer than ten cases, where that is too narrow, Student's. p: Wilcoxon's "
      "signed-rank test, two-sided; Holm's correction covers the models named. Both speak of other patients at these "
      "sites, "
      "not of other sites, nor of another training with another seed.</p>\n";
  html += comparison_table(rows, results.regions.size() > 1 ? "Dice, mean over regions" : "Dice");
  if (results.regions.size() > 1) {
    std::string regions;
    for (const std::string& region : results.regions)
      regions += comparison_table(compare_federated(results, region), "Dice, " + region);
    html += "<details><summary>Region by region</summary>" + regions + "</details>\n";
  }
  return {"statistics", "More than chance?", html};
}

Section strips(const RunResults& results) {
  std::string html =
      "<p>Every dot is one test case, every bar the mean of its row. Point at a dot for its name.</p>\n<div class=\"charts\">";
  for (const Chart& chart : strip_charts(results)) html += element("figure", "", to_inline_svg(chart)) + "\n";
  html += "</div>\n<details><summary>The same as a table</summary>" + case_table(results) + "</details>\n";
  return {"cases", "Case by case", html};
}

Section pictures(const RunResults& results, const Findings& findings, const std::vector<CasePicture>& cases) {
  const std::string model = findings.federated.empty() ? "first" : "federated";
  std::string html = fmt::format(
      "<p>Best, median and worst test case of the {} model by mean Dice, then the worst of each further site; {}, the axial "
      "slice with most tumour, the patient's right on the left.</p>\n",
      model, escape_html(results.picture_channel));
  html += picture_legend(results);
  html +=
      "<input class=\"toggle\" type=\"checkbox\" id=\"show-fill\" checked><label for=\"show-fill\">show prediction</label>"
      "<input class=\"toggle\" type=\"checkbox\" id=\"show-ref\" checked><label for=\"show-ref\">show reference</label>\n";
  return {"pictures", "Best, median and worst case", html + element("div", "class=\"cases\"", pictures_html(results, cases))};
}

Section curves(const std::vector<Chart>& charts) {
  std::string html =
      "<p>Validation cases choose the round whose model is judged (ring); test cases are not looked at. Federated: the averaged "
      "model after each round.</p>\n";
  html += charts.size() == 4 ? "<div class=\"charts four\">" : "<div class=\"charts\">";
  for (const Chart& chart : charts) html += element("figure", "", to_inline_svg(chart)) + "\n";
  return {"training", "How training went", html + "</div>\n"};
}

/// What is missing is said at the top of the page, where nobody overlooks it.
std::string absence_notice(const RunResults& results) {
  std::string text;
  for (const std::string& line : missing_sites(results)) text += (text.empty() ? "" : ". ") + line;
  return text.empty() ? "" : "<p class=\"alarm\"><b>Not every site took part.</b> " + escape_html(text) + ".</p>\n";
}

Section participation(const RunResults& results) {
  std::string html =
      "<p>One bar a round, from its opening to the site's update: what is short was quick. The colour of a round without an accepted update differs, and its bar runs to the round's "
      "end.</p>\n"
      R"(<ul class="legend"><li><svg width="14" height="13" aria-hidden="true"><rect class="part took" width="14" height="13" rx="1.5"/></svg>accepted</li>)"
      R"(<li><svg width="14" height="13" aria-hidden="true"><rect class="part look" width="14" height="13" rx="1.5"/></svg>last look, without training</li>)"
      R"(<li><svg width="14" height="13" aria-hidden="true"><rect class="part refused" width="14" height="13" rx="1.5"/></svg>rejected</li>)"
      R"(<li><svg width="14" height="13" aria-hidden="true"><rect class="part gone" x=".75" y=".75" width="12.5" height="11.5" rx="1.5"/></svg>late or never</li></ul>)"
      "\n";
  for (const Chart& chart : timeline_charts(results)) html += element("figure", "class=\"wide\"", to_inline_svg(chart)) + "\n";
  for (const std::string& sentence : look_alikes(results)) html += "<p class=\"alarm\">" + escape_html(sentence) + ".</p>\n";
  html += participation_table(results) + contribution_table(results) + "<details><summary>Round by round, with reasons</summary>" + round_table(results) + "</details>\n";
  return {"participation", "Who took part", html};
}

Section fairness(const RunResults& results) {
  std::string html =
      "<p>Every model takes the same number of sequential optimisation steps with the same network, batch, patch, optimiser and "
      "learning-rate schedule. In the federation each site takes that many "
      "steps in all, spread over the rounds, so the sites together compute more than one site alone: each pays its own share, as "
      "hospitals do. Compute is printed so that it can be judged the other way.</p>\n";
  html += site_table(results) + model_table(results);
  if (!results.notes.empty()) {
    html += "<ul>";
    for (const std::string& note : results.notes) html += element("li", "", escape_html(note));
    html += "</ul>\n";
  }
  return {"fairness", "What was compared, and how fair", html};
}

Section provenance(const RunResults& results) {
  std::string html = fmt::format("<dl class=\"facts\"><dt>seed</dt><dd>{}</dd><dt>time of the whole run</dt><dd>{}</dd>",
                                 results.seed, format_duration(results.seconds_total));
  for (const auto& [what, version] : results.versions)
    html += fmt::format("<dt>{}</dt><dd>{}</dd>", escape_html(what), escape_html(version));
  html += "</dl>\n";
  if (!results.settings.is_null())
    html += "<details><summary>Settings (JSON)</summary><pre tabindex=\"0\">" +
            escape_html(results.settings.dump(2, ' ', false, Json::error_handler_t::replace)) + "</pre></details>\n";
  return {"run", "What ran", html};
}

}  // namespace

std::string report_page(const RunResults& results, const Findings& findings, const std::vector<CasePicture>& cases) {
  std::vector<Section> sections;
  if (!findings.sites.empty() && findings.own && findings.own->cases > 0) sections.push_back(gains(results, findings));
  sections.push_back(matrices(results));
  if (!results.subsets.empty()) sections.push_back(subsets(results));
  if (!results.alignment.model.empty()) sections.push_back(alignment(results));
  if (!findings.comparisons.empty()) sections.push_back(statistics(results, findings));
  if (!results.cases.empty()) sections.push_back(strips(results));
  if (!cases.empty()) sections.push_back(pictures(results, findings, cases));
  if (const std::vector<Chart> charts = curve_charts(results); !charts.empty()) sections.push_back(curves(charts));
  if (!results.rounds.empty()) sections.push_back(participation(results));
  sections.push_back(fairness(results));
  sections.push_back(provenance(results));

  const std::string title = escape_html(results.title.empty() ? "Comparison of models" : results.title);
  std::string nav, body;
  for (const Section& s : sections) {
    nav += fmt::format("<li><a href=\"#{}\">{}</a></li>", s.id, s.heading);
    body += fmt::format("<section id=\"{0}\" aria-labelledby=\"{0}-heading\"><h2 id=\"{0}-heading\">{1}</h2>\n{2}</section>\n",
                        s.id, s.heading, s.content);
  }
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      // Nothing runs and nothing is fetched, whatever a name in the results holds.
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light "
      "dark\"><link rel=\"icon\" href=\"data:,\">";
  html += "<title>" + title + "</title><style>" + std::string(chart_style()) + std::string(page_style()) +
          "</style></head>\n<body>\n";
  html += "<header><p class=\"eyebrow\">consilium · comparison of models</p><h1>" + title + "</h1>\n";
  html += fmt::format("<p class=\"headline\">{}</p>\n<p class=\"answer\">{}</p>\n", escape_html(findings.headline),
                      escape_html(findings.answer));
  html +=
      "<p class=\"notice\">Research use only: this is no medical device, and nothing here may guide the treatment of a "
      "patient.</p>\n";
  html += absence_notice(results) + key_figures(results, findings) + "<nav aria-label=\"Sections\"><ul>" + nav + "</ul></nav></header>\n<main>\n" + body;
  html +=
      "</main>\n<footer>WT whole tumour, TC tumour core, ET enhancing tumour. Made by consilium report from results.json of the "
      "run's folder. Research use only.</footer>\n</body></html>\n";
  return html;
}

}  // namespace consilium::pipelines
