#include "pipelines/report_contributions.h"

#include <fmt/format.h>

#include <algorithm>

#include "pipelines/report_html.h"

namespace consilium::pipelines {
namespace {

constexpr double kSameUpdate = 0.999;  // as fl/aggregate/contribution.h: a report knows only its file

bool has_folds(const RunResults& results) {
  return std::any_of(results.contributions.begin(), results.contributions.end(), [&](const SiteContribution& c) { return c.fold != results.contributions.front().fold; });
}

}  // namespace

std::string contribution_table(const RunResults& results) {
  if (results.contributions.empty()) return "";
  const bool folds = has_folds(results);
  std::string html =
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Contributions by site\"><table class=\"plain\"><caption>Updates of the sites beside one another, means over the rounds. They judge nobody: a "
      "hospital with rare patients looks odd as well</caption><thead><tr><th scope=\"col\">site</th>";
  if (folds) html += "<th scope=\"col\">fold</th>";
  html += "<th scope=\"col\">rounds</th><th scope=\"col\">length of the update</th><th scope=\"col\">cosine to the mean</th><th scope=\"col\">share by the rule</th><th scope=\"col\">step without it, moved by</th><th scope=\"col\">most like another site</th></tr></thead><tbody>\n";
  for (const SiteContribution& c : results.contributions) {
    html += "<tr>" + element("th", "scope=\"row\"", escape_html(c.site));
    if (folds) html += element("td", "", std::to_string(c.fold + 1));
    html += element("td", "", std::to_string(c.rounds)) + element("td", "", fmt::format("{:.3g}", c.update_norm)) + element("td", c.cosine_to_mean < 0 ? "class=\"bad\"" : "", number(c.cosine_to_mean, 2));
    html += element("td", "", c.rule_weight < 0 ? "–" : number(c.rule_weight, 2)) + element("td", "", number(c.leave_one_out, 2));
    html += element("td", c.likeness > kSameUpdate ? "class=\"bad\"" : "", c.likeness < -0.999 ? "–" : number(c.likeness, 3)) + "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::vector<std::string> look_alikes(const RunResults& results) {
  std::vector<std::string> sentences;
  for (const SiteContribution& c : results.contributions)
    if (c.likeness > kSameUpdate) sentences.push_back(fmt::format("{} has sent an update that was nearly another site's (cosine {:.4f}): the same data, or one site under two names", c.site, c.likeness));
  return sentences;
}

}  // namespace consilium::pipelines
