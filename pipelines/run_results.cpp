#include "pipelines/run_results.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/progress.h"

namespace consilium::pipelines {
namespace {

/// JSON has no infinity and no NaN: null there.
double number_or_nan(const Json& json) { return json.is_number() ? json.get<double>() : std::numeric_limits<double>::quiet_NaN(); }

void read_region(SettingsReader& reader, RegionScore& score) {
  Json hd95;
  reader.required("region", score.region);
  reader.required("dice", score.dice);
  reader.raw("hd95_mm", hd95);
  score.hd95_mm = number_or_nan(hd95);
  reader.field("reference_ml", score.reference_ml);
  reader.field("predicted_ml", score.predicted_ml);
  reader.finish();
}

std::string table(const RunResults& results, const std::string& region, bool dice) {
  std::size_t width = 8;
  for (const SiteSummary& site : results.sites) width = std::max(width, site.name.size());
  std::string text = fmt::format("{:<{}}", (region.empty() ? std::string("mean") : region) + (dice ? " Dice" : " HD95"), width + 2);
  for (const ModelSummary& model : results.models) text += fmt::format("  {:>10}", model.name);
  text += "\n";
  const auto row = [&](const std::string& name, const std::string& site) {
    text += fmt::format("{:<{}}", name, width + 2);
    for (const ModelSummary& model : results.models) {
      const MeanScore mean = mean_score(results, model.name, site, region);
      const double value = dice ? mean.dice : mean.hd95_mm;
      text += std::isfinite(value) ? fmt::format("  {:>10.{}f}", value, dice ? 3 : 1) : fmt::format("  {:>10}", "-");  // not judged there
    }
    text += "\n";
  };
  for (const SiteSummary& site : results.sites) row(site.name, site.name);
  row("all sites", "");
  for (const ModelSummary& model : results.models) {
    for (const auto& [site, epsilon] : model.epsilon) text += fmt::format("{} at {}: epsilon {:.3g} at delta {:.3g} for each patient\n", model.name, site, epsilon, model.delta);
    for (const auto& [site, choices] : model.clusters) text += fmt::format("{} at {}: cluster {}\n", model.name, site, cluster_text(model, site));
  }
  return text;
}

}  // namespace

Json to_json(const RunResults& r) {
  Json json{{"schema", "consilium.results/1"}, {"title", r.title},       {"seed", r.seed},         {"regions", r.regions},   {"picture_channel", r.picture_channel},
            {"notes", r.notes},                {"versions", r.versions}, {"settings", r.settings}, {"seconds_total", r.seconds_total}};
  json["sites"] = Json::array();
  for (const SiteSummary& s : r.sites)
    json["sites"].push_back({{"name", s.name}, {"description", s.description}, {"train_cases", s.train_cases}, {"validation_cases", s.validation_cases}, {"test_cases", s.test_cases}, {"annotated", s.annotated}, {"strata", s.strata}});
  json["models"] = Json::array();
  for (const ModelSummary& m : r.models) {
    Json curve = Json::array();
    for (const CurvePoint& p : m.curve) curve.push_back({{"round", p.round}, {"steps", p.steps}, {"loss", p.loss}, {"validation", p.validation}});
    json["models"].push_back({{"name", m.name}, {"kind", m.kind}, {"trained_on", m.trained_on}, {"seconds", m.seconds}, {"steps", m.steps}, {"best_round", m.best_round}, {"upload_bytes", m.upload_bytes}, {"raw_bytes", m.raw_bytes}, {"curve", curve}, {"clusters", m.clusters}, {"epsilon", m.epsilon}, {"delta", m.delta}});
  }
  json["cases"] = Json::array();
  for (const CaseResult& c : r.cases) {
    Json regions = Json::array();
    for (const RegionScore& s : c.regions) regions.push_back({{"region", s.region}, {"dice", s.dice}, {"hd95_mm", s.hd95_mm}, {"reference_ml", s.reference_ml}, {"predicted_ml", s.predicted_ml}});
    json["cases"].push_back({{"site", c.site}, {"case", c.name}, {"model", c.model}, {"fold", c.fold}, {"regions", regions}});
  }
  json["subsets"] = to_json(r.subsets);
  json["alignment"] = r.alignment.model.empty() ? Json() : to_json(r.alignment);
  json["contributions"] = Json::array();
  for (const SiteContribution& c : r.contributions)
    json["contributions"].push_back({{"fold", c.fold}, {"site", c.site}, {"rounds", c.rounds}, {"update_norm", c.update_norm}, {"cosine_to_mean", c.cosine_to_mean}, {"leave_one_out", c.leave_one_out}, {"likeness", c.likeness}, {"rule_weight", c.rule_weight}});
  json["rounds"] = Json::array();
  for (const RoundParticipation& round : r.rounds) {
    Json sites = Json::array();
    for (const SiteParticipation& s : round.sites) sites.push_back({{"site", s.site}, {"outcome", s.outcome}, {"reason", s.reason}, {"seconds", s.seconds}, {"bytes_in", s.bytes_in}, {"bytes_out", s.bytes_out}});
    json["rounds"].push_back({{"fold", round.fold}, {"round", round.round}, {"last_look", round.last_look}, {"start_seconds", round.start_seconds}, {"seconds", round.seconds}, {"sites", sites}});
  }
  return json;
}

RunResults parse_run_results(const Json& json, const std::string& origin) {
  RunResults r;
  SettingsReader reader(json, origin);
  std::string schema;
  reader.required("schema", schema);
  require(schema == "consilium.results/1", ErrorCode::kUsage, origin + ": expected schema consilium.results/1, found \"" + schema + "\"");
  reader.field("title", r.title);
  reader.field("seed", r.seed);
  reader.required("regions", r.regions);
  reader.field("picture_channel", r.picture_channel);
  reader.field("notes", r.notes);
  reader.field("versions", r.versions);
  reader.raw("settings", r.settings);
  reader.field("seconds_total", r.seconds_total);
  reader.list("sites", [&](SettingsReader& site) {
    SiteSummary s;
    site.required("name", s.name);
    site.field("description", s.description);
    site.field("train_cases", s.train_cases);
    site.field("validation_cases", s.validation_cases);
    site.field("test_cases", s.test_cases);
    site.field("annotated", s.annotated);
    site.field("strata", s.strata);
    site.finish();
    r.sites.push_back(s);
  });
  reader.list("models", [&](SettingsReader& model) {
    ModelSummary m;
    model.required("name", m.name);
    model.required("kind", m.kind);
    model.field("trained_on", m.trained_on);
    model.field("seconds", m.seconds);
    model.field("steps", m.steps);
    model.field("best_round", m.best_round);
    model.field("upload_bytes", m.upload_bytes);
    model.field("raw_bytes", m.raw_bytes);
    model.list("curve", [&](SettingsReader& point) {
      CurvePoint p;
      point.field("round", p.round);
      point.field("steps", p.steps);
      point.field("loss", p.loss);
      point.field("validation", p.validation);
      point.finish();
      m.curve.push_back(p);
    });
    model.field("clusters", m.clusters);
    model.field("epsilon", m.epsilon);
    model.field("delta", m.delta);
    model.finish();
    r.models.push_back(m);
  });
  reader.list("cases", [&](SettingsReader& item) {
    CaseResult c;
    item.required("site", c.site);
    item.required("case", c.name);
    item.required("model", c.model);
    item.field("fold", c.fold);
    item.list("regions", [&](SettingsReader& region) {
      RegionScore score;
      read_region(region, score);
      c.regions.push_back(score);
    });
    item.finish();
    r.cases.push_back(c);
  });
  Json subsets = Json::array();
  reader.raw("subsets", subsets);
  r.subsets = parse_subset_results(subsets, origin + ".subsets");
  Json alignment;
  reader.raw("alignment", alignment);
  if (!alignment.is_null()) r.alignment = parse_alignment_results(alignment, origin + ".alignment");
  reader.list("contributions", [&](SettingsReader& item) {
    SiteContribution c;
    item.field("fold", c.fold);
    item.required("site", c.site);
    item.field("rounds", c.rounds);
    item.field("update_norm", c.update_norm);
    item.field("cosine_to_mean", c.cosine_to_mean);
    item.field("leave_one_out", c.leave_one_out);
    item.field("likeness", c.likeness);
    item.field("rule_weight", c.rule_weight);
    item.finish();
    r.contributions.push_back(std::move(c));
  });
  reader.list("rounds", [&](SettingsReader& item) {
    RoundParticipation round;
    item.field("fold", round.fold);
    item.required("round", round.round);
    item.field("last_look", round.last_look);
    item.field("start_seconds", round.start_seconds);
    item.field("seconds", round.seconds);
    item.list("sites", [&](SettingsReader& site) {
      SiteParticipation s;
      site.required("site", s.site);
      site.required("outcome", s.outcome);
      site.field("reason", s.reason);
      site.field("seconds", s.seconds);
      site.field("bytes_in", s.bytes_in);
      site.field("bytes_out", s.bytes_out);
      site.finish();
      round.sites.push_back(s);
    });
    item.finish();
    r.rounds.push_back(std::move(round));
  });
  reader.finish();
  return r;
}

std::string upload_text(const ModelSummary& model) {
  if (model.upload_bytes <= 0) return "";
  if (model.upload_bytes >= model.raw_bytes) return fmt::format("{:.1f} MB", model.upload_bytes / 1e6);
  return fmt::format("{:.1f} MB ({:.1f} times fewer than float32)", model.upload_bytes / 1e6, model.raw_bytes / model.upload_bytes);
}

std::string cluster_text(const ModelSummary& model, const std::string& site) {
  const auto found = model.clusters.find(site);
  if (found == model.clusters.end() || found->second.empty()) return "";
  const std::vector<std::int64_t>& at = found->second;
  const auto number = [](std::int64_t cluster) { return cluster < 0 ? std::string("-") : std::to_string(cluster); };
  // The last entry is of the finished model, which no round trained.
  const std::size_t rounds = at.size() - 1;
  std::string stretches;
  for (std::size_t first = 0, last = 0; first < rounds; first = last + 1) {
    for (last = first; last + 1 < rounds && at[last + 1] == at[first];) ++last;
    const std::string from = std::to_string(first + 1);
    stretches += (stretches.empty() ? (last > first ? "rounds " : "round ") : ", ") + (last > first ? from + " to " + std::to_string(last + 1) : from) + ": " + number(at[first]);
  }
  std::int64_t used = -1;
  for (std::size_t n = 0; n < at.size() && n <= static_cast<std::size_t>(std::max<std::int64_t>(0, model.best_round)); ++n) used = at[n] < 0 ? used : at[n];
  return number(used) + (stretches.empty() ? "" : " (" + stretches + ")");
}

MeanScore mean_score(const RunResults& results, const std::string& model, const std::string& site, const std::string& region) {
  MeanScore mean;
  double values = 0, distances = 0;
  for (const CaseResult& c : results.cases) {
    if (c.model != model || (!site.empty() && c.site != site)) continue;
    bool judged = false;
    for (const RegionScore& score : c.regions) {
      if (!region.empty() && score.region != region) continue;
      judged = true;
      mean.dice += score.dice;
      ++values;
      mean.missed += is_missed(score) ? 1 : 0;
      if (std::isfinite(score.hd95_mm)) {
        mean.hd95_mm += score.hd95_mm;
        ++distances;
      } else {
        ++mean.without_hd95;
      }
    }
    mean.cases += judged ? 1 : 0;
  }
  mean.dice /= values;
  mean.hd95_mm /= distances;
  return mean;
}

std::string to_text(const RunResults& results) {
  std::string text;
  std::vector<std::string> regions = results.regions;
  if (regions.size() > 1) regions.emplace_back();
  for (const std::string& region : regions) text += table(results, region, true) + "\n";
  for (const std::string& region : regions) text += table(results, region, false) + "\n";
  for (const ModelSummary& model : results.models)
    text += fmt::format("{}: {} steps, {} of one core, best after round {}{}\n", model.name, model.steps, format_duration(model.seconds), model.best_round,
                        model.upload_bytes > 0 ? ", " + upload_text(model) + " uploaded" : "");
  return text;
}

}  // namespace consilium::pipelines
