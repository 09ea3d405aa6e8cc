#include "pipelines/estimate_cost.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/folder_lock.h"
#include "base/progress.h"
#include "fl/estimate/coordinator_needs.h"

namespace consilium::pipelines {
namespace {

std::string rounds_csv(const fl::Estimate& estimate) {
  std::string text = "round,opened_seconds,closed_seconds,asked,accepted,merged,late,away,share_of_patients,download_bytes,upload_bytes,aggregate_seconds,validation\n";
  for (const fl::RoundCost& r : estimate.rounds)
    text += fmt::format("{},{:.3f},{:.3f},{},{},{},{},{},{:.6f},{:.0f},{:.0f},{:.3f},{:.6f}\n", r.round, r.opened, r.closed, r.asked, r.accepted, r.merged, r.late, r.away, r.share_of_patients, r.download_bytes, r.upload_bytes, r.aggregate_seconds, r.validation);
  return text;
}

std::string sites_csv(const fl::Estimate& estimate) {
  std::string text = "site,patients,undisturbed_seconds,accepted,late,deaths,outages,download_bytes,upload_bytes,computing_seconds\n";
  for (const fl::SiteCost& s : estimate.sites)
    text += fmt::format("{},{},{:.3f},{},{},{},{},{:.0f},{:.0f},{:.3f}\n", s.name, s.patients, s.undisturbed_seconds, s.accepted, s.late, s.deaths, s.outages, s.download_bytes, s.upload_bytes, s.computing_seconds);
  return text;
}

std::string bytes_text(double bytes) {
  for (const auto& [unit, size] : {std::pair{"TB", 1e12}, std::pair{"GB", 1e9}, std::pair{"MB", 1e6}, std::pair{"kB", 1e3}})
    if (bytes >= size) return fmt::format("{:.3g} {}", bytes / size, unit);
  return fmt::format("{:.0f} bytes", bytes);
}

std::string list_text(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 5;
  std::string text;
  for (std::size_t n = 0; n < std::min(kShown, names.size()); ++n) text += (n == 0 ? "" : ", ") + names[n];
  return names.size() > kShown ? text + fmt::format(" and {} more", names.size() - kShown) : text;
}

void require_same_estimate(const fs::path& run, const fl::EstimateSettings& settings) {
  const fs::path file = run / "settings.json";
  const Json wanted = to_json(settings);
  if (fs::exists(file)) require(read_json(file) == wanted, ErrorCode::kMismatch, run.string() + ": holds something made with other settings or another seed; give another folder, or remove this one");
  else write_file(file, wanted.dump(1) + "\n");
}

}  // namespace

CostSummary summarise(const fl::EstimateSettings& settings, const fl::Estimate& estimate) {
  CostSummary s;
  std::vector<double> seconds;
  double accepted = 0, asked = 0;
  for (const fl::RoundCost& round : estimate.rounds) {
    s.sent_bytes += round.download_bytes;
    s.received_bytes += round.upload_bytes;
    if (round.round > settings.rounds) continue;
    seconds.push_back(round.closed - round.opened);
    accepted += static_cast<double>(round.accepted + round.merged);
    asked += static_cast<double>(round.asked);
    s.share_of_patients += round.share_of_patients / static_cast<double>(settings.rounds);
  }
  s.seconds_total = estimate.rounds.back().closed;
  std::sort(seconds.begin(), seconds.end());
  s.round_seconds_least = seconds.front();
  s.round_seconds_median = seconds[seconds.size() / 2];
  s.round_seconds_most = seconds.back();
  const auto sites = static_cast<double>(settings.sites);
  s.share_of_updates = accepted / asked;
  for (const fl::SiteCost& site : estimate.sites) {
    s.undisturbed_seconds_mean += site.undisturbed_seconds / sites;
    s.undisturbed_seconds_most = std::max(s.undisturbed_seconds_most, site.undisturbed_seconds);
    if (site.accepted == 0) s.never.push_back(site.name);
  }
  s.site_download_bytes = s.sent_bytes / sites;
  s.site_upload_bytes = s.received_bytes / sites;
  s.memory_bytes = fl::coordinator_memory_bytes(settings);
  s.disk_bytes = fl::coordinator_disk_bytes(settings);
  return s;
}

Json to_json(const CostSummary& s, const fl::EstimateSettings& settings, const std::string& model_digest) {
  return {{"schema", "consilium.estimate_results/1"},
          {"settings", to_json(settings)},
          {"seconds_total", s.seconds_total},
          {"round_seconds", {{"least", s.round_seconds_least}, {"median", s.round_seconds_median}, {"most", s.round_seconds_most}}},
          {"undisturbed_seconds", {{"mean", s.undisturbed_seconds_mean}, {"most", s.undisturbed_seconds_most}}},
          {"taking_part", {{"share_of_updates", s.share_of_updates}, {"share_of_patients", s.share_of_patients}, {"never", s.never}}},
          {"site", {{"download_bytes", s.site_download_bytes}, {"upload_bytes", s.site_upload_bytes}}},
          {"coordinator", {{"sent_bytes", s.sent_bytes}, {"received_bytes", s.received_bytes}, {"memory_bytes", s.memory_bytes}, {"disk_bytes", s.disk_bytes}}},
          {"model_digest", model_digest}};
}

std::string to_text(const CostSummary& s, const fl::EstimateSettings& settings) {
  const auto policy = fl::federation_settings(settings);
  std::string text = fmt::format("{} sites, {} rounds, a model of {}; quorum {}, deadline {}\n\n", settings.sites, settings.rounds, bytes_text(settings.model_bytes), fl::quorum_of(policy), format_duration(settings.deadline_seconds));
  const auto row = [&](const char* what, const std::string& value) { text += fmt::format("{:<34}{}\n", what, value); };
  row("in all", fmt::format("{:.2f} hours", s.seconds_total / 3600));
  row("a round", fmt::format("{:.0f} s (shortest {:.0f}, longest {:.0f})", s.round_seconds_median, s.round_seconds_least, s.round_seconds_most));
  row("a site alone, in a round", fmt::format("{:.0f} s in the mean, the slowest {:.0f}", s.undisturbed_seconds_mean, s.undisturbed_seconds_most));
  row("updates that took part", fmt::format("{:.1f} %, of {:.1f} % of the patients", 100 * s.share_of_updates, 100 * s.share_of_patients));
  row("sites that never took part", s.never.empty() ? "none" : fmt::format("{}: {}", s.never.size(), list_text(s.never)));
  row("bytes of a site, all rounds", fmt::format("{} down, {} up", bytes_text(s.site_download_bytes), bytes_text(s.site_upload_bytes)));
  row("bytes of the coordinator", fmt::format("{} sent, {} received", bytes_text(s.sent_bytes), bytes_text(s.received_bytes)));
  row("coordinator needs", fmt::format("{} of memory, {} of disk", bytes_text(s.memory_bytes), bytes_text(s.disk_bytes)));
  return text;
}

CostSummary estimate_cost(const fl::EstimateSettings& settings, const fs::path& run, const std::atomic<bool>* stop) {
  const FolderLock lock(run);
  require_same_estimate(run, settings);
  Progress progress("simulating rounds", static_cast<std::uint64_t>(settings.rounds) + 1);
  const fl::Estimate estimate = fl::estimate(settings, [&](const fl::RoundCost& round) { progress.advance(1, fmt::format("{} of {} sites", round.accepted, settings.sites)); }, stop);
  progress.finish();
  const CostSummary summary = summarise(settings, estimate);
  if (!summary.never.empty()) log_warning(fmt::format("{} of {} sites never took part: {}; a later deadline or a higher quorum waits for them", summary.never.size(), settings.sites, list_text(summary.never)));
  write_file(run / "rounds.csv", rounds_csv(estimate));
  write_file(run / "sites.csv", sites_csv(estimate));
  write_file(run / "estimate.json", to_json(summary, settings, estimate.model_digest).dump(1) + "\n");
  return summary;
}

}  // namespace consilium::pipelines
