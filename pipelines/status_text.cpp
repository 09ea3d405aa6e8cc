#include "pipelines/status_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/progress.h"

namespace consilium::pipelines {
namespace {

constexpr std::size_t kRoundsShown = 8;

std::string ago(double time, double now) { return time > 0 ? format_duration(std::max(0.0, now - time)) + " ago" : "never"; }

std::string doing(const fl::SiteStatus& site) {
  if (site.state == fl::SiteState::kTraining && site.steps > 0) return fmt::format("training {}/{} ({} %)", site.step, site.steps, 100 * site.step / site.steps);
  if (site.state == fl::SiteState::kUploading && site.upload_of_bytes > 0)
    return fmt::format("uploading {} of {}", format_bytes(static_cast<double>(site.upload_bytes)), format_bytes(static_cast<double>(site.upload_of_bytes)));
  return std::string(to_string(site.state));
}

using Row = std::vector<std::string>;

/// Columns as wide as their longest entry, two spaces apart.
std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line = "  ";
    for (std::size_t c = 0; c < row.size(); ++c) line += c + 1 < row.size() ? fmt::format("{:<{}}  ", row[c], widths[c]) : row[c];
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string site_table(const fl::RunStatus& status, double now) {
  std::vector<Row> rows{{"SITE", "STATE", "CONNECTED", "CONFIGURED", "CASES", "LOSS", "LAST SEEN", "LAST BYTE", "RECEIVED", "SENT", "ACCEPTED/REJECTED/MISSED"}};
  for (const auto& [name, site] : status.sites)
    rows.push_back({name, doing(site), site.is_connected ? "yes" : "no", site.is_configured ? "yes" : "no", site.cases < 0 ? "?" : std::to_string(site.cases), site.loss ? fmt::format("{:.3f}", *site.loss) : "-", ago(site.last_seen, now),
                    ago(site.last_byte, now), format_bytes(static_cast<double>(site.bytes_in)), format_bytes(static_cast<double>(site.bytes_out)), fmt::format("{}/{}/{}", site.accepted, site.rejected, site.late)});
  return table(rows);
}

/// '+' accepted, '~' an earlier round's merged, 'x' rejected, '.' late, ' ' not asked or nothing yet: one letter a site, in the order of their names.
char mark(const fl::RoundStatus& round, const std::string& site) {
  const auto part = round.sites.find(site);
  if (part == round.sites.end() || part->second.outcome.empty()) return round.closed > 0 ? '.' : ' ';
  const std::string& outcome = part->second.outcome;
  return outcome == "accepted" ? '+' : outcome == "merged" ? '~' : outcome == "not asked" ? ' ' : outcome == "rejected" ? 'x' : '.';
}

/// A bar from the round's opening to its end, on the time of all rounds shown.
std::string bar(const fl::RoundStatus& round, double first, double last, int cells) {
  const double end = round.closed > 0 ? round.closed : last, span = std::max(1e-3, last - first);
  const int from = std::clamp(static_cast<int>(cells * (round.opened - first) / span), 0, cells - 1), to = std::clamp(static_cast<int>(cells * (end - first) / span), from + 1, cells);
  return std::string(from, ' ') + std::string(to - from, round.closed > 0 ? '=' : '-');
}

std::string timeline(const fl::RunStatus& status, double now, int width) {
  const std::size_t shown = std::min(kRoundsShown, status.recent.size());
  if (shown == 0) return "";
  const auto begin = status.recent.end() - static_cast<std::ptrdiff_t>(shown);
  const double last = status.ended > 0 ? status.ended : std::max(now, status.alive_at);
  std::vector<Row> rows;
  for (auto round = begin; round != status.recent.end(); ++round) {
    std::string marks;
    for (const auto& [name, site] : status.sites) marks += mark(*round, name);
    const std::string time = round->closed > 0 ? format_duration(round->closed - round->opened) : fmt::format("{} so far{}", format_duration(std::max(0.0, last - round->opened)), round->deadline_passed ? ", time is up" : "");
    rows.push_back({round->is_last_look ? "last look" : fmt::format("round {}", round->round + 1), marks.size() <= 40 ? "[" + marks + "]" : "", round->validation ? fmt::format("{:.3f}", *round->validation) : "-", time, bar(*round, begin->opened, last, std::max(10, width - 70))});
  }
  return "\n  Rounds (+ accepted, ~ a late one merged, x rejected, . missing; validation of the model it began with)\n" + table(rows);
}

}  // namespace

std::string format_bytes(double bytes) {
  constexpr std::array units{"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  while (bytes >= 1000 && unit + 1 < units.size()) bytes /= 1000, ++unit;
  return fmt::format("{:.{}f} {}", bytes, unit == 0 || bytes >= 100 ? 0 : 1, units[unit]);
}

std::string status_text(const fl::RunStatus& status, double now, int width) {
  const std::string state = fl::run_state(status, now);
  std::string text = fmt::format("{}: {}, {} of {} rounds closed", status.run, state, std::min(status.rounds_closed, status.rounds), status.rounds);
  if (status.validation) text += fmt::format(", validation {:.3f}", *status.validation);
  if (status.best_round >= 0) text += fmt::format(", best model after round {}", status.best_round);
  if (status.started > 0) text += fmt::format(", {}", format_duration((status.ended > 0 ? status.ended : now) - status.started));
  text += "\n\n" + site_table(status, now) + timeline(status, now, width);
  const auto lines = fl::warnings(status, now);
  if (!lines.empty()) text += "\n";
  for (const std::string& line : lines) text += "  WARNING: " + line + "\n";
  return text;
}

std::string event_text(const fl::Event& event) {
  std::string text = fl::utc_text(event.time) + " " + std::string(to_string(event.kind));
  if (event.round >= 0) text += fmt::format(" round {}", event.round + 1);
  if (!event.site.empty()) text += " " + event.site;
  for (const auto& [name, value] : event.numbers) text += name.find("bytes") != std::string::npos ? fmt::format(" {}={}", name, format_bytes(value)) : fmt::format(" {}={}", name, std::floor(value) == value ? fmt::format("{:.0f}", value) : fmt::format("{:.4g}", value));
  for (const auto& [name, value] : event.words)
    if (!value.empty()) text += fmt::format(" {}={}", name, value);
  return text;
}

}  // namespace consilium::pipelines
