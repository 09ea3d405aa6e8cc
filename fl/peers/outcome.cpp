#include "fl/peers/outcome.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "fl/wire/chunks.h"

namespace consilium::fl {

bool takes_part(const SiteOutcome& site) { return site.participation == Participation::kAccepted || site.participation == Participation::kMerged; }

Json to_json(const RoundReport& report) {
  Json sites = Json::array();
  for (const SiteOutcome& site : report.sites)
    sites.push_back({{"site", site.site}, {"participation", to_string(site.participation)}, {"reason", site.reason}, {"cases", site.cases}, {"validation_score", site.validation.score}, {"validation_cases", site.validation.cases}, {"validation_weight", site.validation.weight}, {"metrics", site.metrics}});
  return {{"round", report.round}, {"base_digest", report.base_digest}, {"result_digest", report.result_digest}, {"validation", report.validation}, {"validation_cases", report.validation_cases}, {"sites", sites}};
}

RoundReport parse_report(const Json& json, const std::string& origin) {
  try {
    RoundReport report;
    SettingsReader reader(json, origin);
    reader.required("round", report.round);
    reader.required("base_digest", report.base_digest);
    reader.required("result_digest", report.result_digest);
    reader.required("validation", report.validation);
    reader.required("validation_cases", report.validation_cases);
    reader.list("sites", [&](SettingsReader& item) {
      SiteOutcome site;
      item.required("site", site.site);
      item.choice("participation", site.participation, participation_words());
      item.field("reason", site.reason);
      item.field("cases", site.cases);
      item.field("validation_score", site.validation.score);
      item.field("validation_cases", site.validation.cases);
      item.field("validation_weight", site.validation.weight);
      item.field("metrics", site.metrics);
      item.finish();
      require(site.validation.weight > 0 && site.validation.weight <= 1, ErrorCode::kCorruptData, origin + ": site " + site.site + ": the weight of its validation is not above 0 and at most 1");
      report.sites.push_back(std::move(site));
    });
    reader.finish();
    return report;
  } catch (const Error& error) {  // a report comes from a peer or from disk, not from the user
    throw Error(ErrorCode::kCorruptData, error.what());
  }
}

void require_fit(const ModelState& model, const ModelState& layout) {
  require_same_layout(layout, model);
  for (const NamedTensor& tensor : model.tensors)
    require(std::all_of(tensor.values.begin(), tensor.values.end(), [](float v) { return std::isfinite(v); }), ErrorCode::kCorruptData, "tensor " + tensor.name + " holds a value that is not finite");
}

std::string digest(const Outcome& outcome) {
  const auto& [m, v] = outcome.memory;  // all of it: another field would not compile
  return to_hexadecimal(sha256(to_json(outcome.report).dump() + digest(m) + digest(v)));
}

RunState initial_run(const ModelState& initial) {
  RunState run;
  run.global = initial;
  return run;
}

void apply(RunState& run, ModelState& best, std::int64_t rounds, Outcome outcome) {
  const RoundReport& report = outcome.report;
  require(report.round == run.round, ErrorCode::kMismatch, "an outcome of round " + std::to_string(report.round) + " in round " + std::to_string(run.round));
  if (report.validation_cases > 0 && report.validation > run.best_validation) {
    run.best_validation = report.validation;
    run.best_round = run.round;
    best = run.global;
  }
  run.global = std::move(outcome.global);
  run.memory = std::move(outcome.memory);
  ++run.round;
  if (run.best_validation < 0) {
    best = run.global;
    run.best_round = std::min(run.round, rounds);
  }
  run.reports.push_back(std::move(outcome.report));
}

std::int64_t best_round_of(const std::vector<RoundReport>& reports, std::int64_t rounds, double& best_validation) {
  best_validation = -1;
  std::int64_t best = std::min(static_cast<std::int64_t>(reports.size()), rounds);
  for (const RoundReport& report : reports) {
    if (report.validation_cases == 0 || report.validation <= best_validation) continue;
    best_validation = report.validation;
    best = report.round;
  }
  return best;
}

std::string history_digest(const std::vector<RoundReport>& reports, const std::string& global_digest) {
  std::string chain;
  for (const RoundReport& report : reports) chain = sha256(chain + to_json(report).dump());
  return to_hexadecimal(sha256(chain + global_digest));
}

}  // namespace consilium::fl
