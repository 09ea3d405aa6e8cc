#include "pipelines/report_participation.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/progress.h"
#include "pipelines/report_html.h"

namespace consilium::pipelines {
namespace {

struct Totals {
  std::size_t accepted = 0, rejected = 0, late = 0;  ///< rounds with training in which it was asked; merged ones count as accepted
  std::size_t timed = 0;                             ///< accepted in their own round
  double seconds = 0;                                ///< over those
  double bytes_in = 0, bytes_out = 0;
  std::size_t rounds() const { return accepted + rejected + late; }
};

std::map<std::string, Totals> totals_of(const RunResults& results) {
  std::map<std::string, Totals> totals;
  for (const RoundParticipation& round : results.rounds)
    for (const SiteParticipation& s : round.sites) {
      Totals& t = totals[s.site];
      t.bytes_in += static_cast<double>(s.bytes_in);
      t.bytes_out += static_cast<double>(s.bytes_out);
      if (round.last_look) continue;
      if (s.outcome == "accepted") ++t.timed, t.seconds += s.seconds;
      if (s.outcome == "accepted" || s.outcome == "merged") ++t.accepted;
      if (s.outcome == "rejected") ++t.rejected;
      if (s.outcome == "late") ++t.late;
    }
  return totals;
}

bool has_bytes(const RunResults& results) {
  return std::any_of(results.rounds.begin(), results.rounds.end(), [](const RoundParticipation& round) {
    return std::any_of(round.sites.begin(), round.sites.end(), [](const SiteParticipation& s) { return s.bytes_in + s.bytes_out > 0; });
  });
}

std::string megabytes(double bytes) { return bytes > 0 ? number(bytes / 1e6, bytes < 1e7 ? 2 : 1) : "–"; }

std::string round_name(const RoundParticipation& round, bool folds) {
  const std::string name = round.last_look ? "last look" : fmt::format("{}", round.round + 1);
  return folds ? fmt::format("fold {}, {}", round.fold + 1, name) : name;
}

bool has_folds(const RunResults& results) {
  return std::any_of(results.rounds.begin(), results.rounds.end(), [&](const RoundParticipation& round) { return round.fold != results.rounds.front().fold; });
}

constexpr int kLabel = 128, kPlot = 640, kRow = 24, kTop = 44;

std::string bar(const RoundParticipation& round, const SiteParticipation& s, double scale, int y) {
  const double length = s.outcome == "accepted" && s.seconds > 0 ? std::min(s.seconds, round.seconds) : round.seconds;
  const double x = kLabel + scale * round.start_seconds, width = std::max(1.5, scale * length - 1);
  const char* kind = s.outcome == "accepted" || s.outcome == "merged" ? (round.last_look ? "part look" : "part took") : s.outcome == "rejected" ? "part refused" : "part gone";
  const std::string about = fmt::format("{}, {}: {}{}{}", s.site, round.last_look ? "last look" : fmt::format("round {}", round.round + 1), s.outcome, s.outcome == "accepted" ? " after " + format_duration(s.seconds) : "", s.reason.empty() ? "" : ", " + s.reason);
  return fmt::format("<rect class=\"{}\" x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"13\" rx=\"1.5\"><title>{}</title></rect>", kind, x, y, width, escape_html(about));
}

std::string time_axis(double end, double scale, int bottom) {
  const double unit = end < 180 ? 1 : end < 10800 ? 60 : 3600;
  const Axis axis = round_axis(0, end / unit, 9);
  std::string svg;
  for (double value = 0; value * unit <= end * 1.0001; value += axis.step) {
    const double x = kLabel + scale * value * unit;
    svg += fmt::format("<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/>", x, kTop - 8, bottom);
    svg += fmt::format("<text class=\"tick\" x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>", x, bottom + 15, number(value, axis.decimals));
  }
  return svg + fmt::format("<text class=\"tick\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{} since the federation began</text>", kLabel + kPlot / 2, bottom + 31, unit == 1 ? "seconds" : unit == 60 ? "minutes" : "hours");
}

/// Numbers above the rounds, as many as there is room for.
std::string round_numbers(const std::vector<const RoundParticipation*>& rounds, double scale) {
  std::string svg;
  double free_from = 0;
  for (const RoundParticipation* round : rounds) {
    const std::string name = round->last_look ? "look" : fmt::format("{}", round->round + 1);
    const double x = kLabel + scale * (round->start_seconds + round->seconds / 2), half = 4.0 * static_cast<double>(name.size());
    if (x - half < free_from) continue;
    free_from = x + half + 4;
    svg += fmt::format("<text class=\"tick\" x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>", x, kTop - 14, name);
  }
  return svg;
}

Chart timeline(const std::vector<const RoundParticipation*>& rounds, const std::string& name, const std::string& title) {
  double end = 1e-3;
  std::vector<std::string> sites;
  for (const RoundParticipation* round : rounds) {
    end = std::max(end, round->start_seconds + round->seconds);
    for (const SiteParticipation& s : round->sites)
      if (std::find(sites.begin(), sites.end(), s.site) == sites.end()) sites.push_back(s.site);
  }
  std::sort(sites.begin(), sites.end());
  const double scale = kPlot / end;
  const int bottom = kTop + kRow * static_cast<int>(sites.size());
  Chart chart{name, title, kLabel + kPlot + 24, bottom + 40, time_axis(end, scale, bottom)};
  chart.body += fmt::format("<text class=\"head\" x=\"4\" y=\"{}\">round</text>", kTop - 14) + round_numbers(rounds, scale);
  for (std::size_t n = 0; n < sites.size(); ++n) {
    const int y = kTop + kRow * static_cast<int>(n);
    chart.body += fmt::format("<text x=\"4\" y=\"{}\">{}</text>", y + 11, escape_html(shortened(sites[n], 18)));
    for (const RoundParticipation* round : rounds)
      for (const SiteParticipation& s : round->sites)
        if (s.site == sites[n] && s.outcome != "not asked") chart.body += bar(*round, s, scale, y);
  }
  return chart;
}

}  // namespace

std::vector<std::string> missing_sites(const RunResults& results) {
  std::vector<std::pair<int, std::string>> lines;
  int largest = 0;
  for (const SiteSummary& site : results.sites) largest = std::max(largest, site.train_cases);
  for (const auto& [name, t] : totals_of(results)) {
    if (t.accepted == t.rounds()) continue;
    const auto site = std::find_if(results.sites.begin(), results.sites.end(), [&, n = name](const SiteSummary& s) { return s.name == n; });
    const int cases = site == results.sites.end() ? 0 : site->train_cases;
    const std::string how = t.accepted == 0 ? fmt::format("{} counted in no round", name) : fmt::format("{} was missing in {} of {}", name, t.rounds() - t.accepted, counted(t.rounds(), "round"));
    lines.emplace_back(-cases, how + (cases > 0 && cases == largest && results.sites.size() > 1 ? fmt::format("; no site has more cases ({})", cases) : ""));
  }
  std::stable_sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> sentences;
  for (auto& [cases, line] : lines) sentences.push_back(std::move(line));
  return sentences;
}

std::vector<Chart> timeline_charts(const RunResults& results) {
  std::map<int, std::vector<const RoundParticipation*>> folds;
  for (const RoundParticipation& round : results.rounds) folds[round.fold].push_back(&round);
  std::vector<Chart> charts;
  for (const auto& [fold, rounds] : folds) {
    const bool alone = folds.size() == 1;
    charts.push_back(timeline(rounds, alone ? "timeline" : fmt::format("timeline_fold_{}", fold + 1), alone ? "Rounds of the federation" : fmt::format("Rounds of the federation, fold {}", fold + 1)));
  }
  return charts;
}

std::string participation_table(const RunResults& results) {
  const bool bytes = has_bytes(results);
  std::string html = "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Participation by site\"><table class=\"plain\"><caption>Rounds with training, by what became of each site's update</caption><thead><tr><th scope=\"col\">site</th><th scope=\"col\">accepted</th><th scope=\"col\">rejected</th><th scope=\"col\">late</th>";
  html += "<th scope=\"col\">mean time to its update</th>";
  if (bytes) html += "<th scope=\"col\">sent, MB</th><th scope=\"col\">received, MB</th>";
  html += "</tr></thead><tbody>\n";
  for (const auto& [name, t] : totals_of(results)) {
    const auto count = [](std::size_t n, const char* type) { return element("td", n > 0 ? type : "", std::to_string(n)); };
    html += "<tr>" + element("th", "scope=\"row\"", escape_html(name)) + element("td", "", fmt::format("{} of {}", t.accepted, t.rounds())) + count(t.rejected, "class=\"bad\"") + count(t.late, "class=\"bad\"");
    html += element("td", "", t.timed > 0 ? format_duration(t.seconds / static_cast<double>(t.timed)) : "–");
    if (bytes) html += element("td", "", megabytes(t.bytes_in)) + element("td", "", megabytes(t.bytes_out));
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string round_table(const RunResults& results) {
  const bool folds = has_folds(results), bytes = has_bytes(results);
  std::string html = "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Participation round by round\"><table class=\"plain\"><caption>Round by round</caption><thead><tr><th scope=\"col\">round</th><th class=\"text\" scope=\"col\">site</th><th class=\"text\" scope=\"col\">outcome</th><th scope=\"col\">time</th>";
  if (bytes) html += "<th scope=\"col\">sent, MB</th><th scope=\"col\">received, MB</th>";
  html += "</tr></thead><tbody>\n";
  for (const RoundParticipation& round : results.rounds)
    for (const SiteParticipation& s : round.sites) {
      const bool first = &s == &round.sites.front(), good = s.outcome == "accepted", fine = good || s.outcome == "merged" || s.outcome == "not asked";
      html += "<tr>" + element("th", "scope=\"row\"", first ? round_name(round, folds) : "<span class=\"vh\">" + round_name(round, folds) + "</span>") + element("td", "class=\"text\"", escape_html(s.site));
      html += element("td", fine ? "class=\"text\"" : "class=\"text bad\"", escape_html(s.outcome) + (s.reason.empty() ? "" : element("small", "", escape_html(s.reason))));
      html += element("td", "", good ? format_duration(s.seconds) : "–");
      if (bytes) html += element("td", "", megabytes(static_cast<double>(s.bytes_in))) + element("td", "", megabytes(static_cast<double>(s.bytes_out)));
      html += "</tr>\n";
    }
  return html + "</tbody></table></div>\n";
}

}  // namespace consilium::pipelines
