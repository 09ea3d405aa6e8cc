#include "pipelines/coordinate.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "fl/transport/server.h"
#include "fl/run_store.h"
#include "models/state/control_variates.h"
#include "models/state/safetensors_file.h"
#include "pipelines/local_training.h"
#include "pipelines/model_metadata.h"

namespace consilium::pipelines {

CoordinateSettings parse_coordinate_settings(const Json& json, const std::string& origin, const fs::path& base) {
  CoordinateSettings s;
  SettingsReader reader(json, origin);
  std::string schema = "consilium.coordinator/1";
  reader.field("schema", schema);
  require(schema == "consilium.coordinator/1", ErrorCode::kUsage, origin + ".schema: expected \"consilium.coordinator/1\", found \"" + schema + "\"");
  reader.field("listen", s.listen);
  reader.field("name", s.name);
  reader.required("keys", s.keys);
  reader.required("initial_model", s.initial_model);
  reader.required("folder", s.folder);
  reader.field("linger_seconds", s.linger_seconds);
  reader.required("sites", s.federation.sites);
  reader.field("quorum", s.federation.quorum);
  reader.field("deadline_seconds", s.federation.deadline_seconds);
  reader.object("policy", [&](SettingsReader& policy) { fl::read_round_policy(policy, s.federation.policy); });
  reader.object("aggregation", [&](SettingsReader& rule) { fl::read_aggregation_settings(rule, s.federation.aggregation); });
  reader.finish();
  fl::validate(s.federation, origin);
  fl::validate_site_names({s.name}, origin + ".name");
  require(fl::is_address(s.listen), ErrorCode::kUsage, origin + ".listen: expected host:port, found \"" + s.listen + "\"");
  require(std::isfinite(s.linger_seconds) && s.linger_seconds >= 0, ErrorCode::kUsage, origin + ".linger_seconds: expected 0 or more");
  for (std::string* path : {&s.keys, &s.initial_model, &s.folder})
    if (fs::path(*path).is_relative()) *path = (base / *path).lexically_normal().string();
  return s;
}

Json to_json(const CoordinateSettings& s) {
  return {{"schema", "consilium.coordinator/1"}, {"listen", s.listen}, {"name", s.name}, {"keys", s.keys}, {"initial_model", s.initial_model}, {"folder", s.folder},
          {"linger_seconds", s.linger_seconds}, {"sites", s.federation.sites}, {"quorum", s.federation.quorum}, {"deadline_seconds", s.federation.deadline_seconds}, {"policy", to_json(s.federation.policy)}, {"aggregation", to_json(s.federation.aggregation)}};
}

namespace {

/// The best model, alone: copied block by block, unless control variates have to be left out.
void write_finished(const fs::path& folder, const fs::path& best, const ModelFile& initial) {
  const fs::path target = folder / "model.safetensors";
  const SafetensorsFile file(best);
  bool controls = false;
  for (std::size_t n = 0; n < file.size(); ++n) controls = controls || file.tensor(n).group == kControlGroup;
  if (controls) write_safetensors(target, without_control_variates(read_safetensors(best).state), initial.metadata);
  else write_safetensors_copy(target, file, initial.metadata);
}

}  // namespace

fl::RunState coordinate(const CoordinateSettings& settings, const std::atomic<bool>* stop) {
  ModelFile initial = read_safetensors(settings.initial_model);
  const Json task = training_metadata(initial, settings.initial_model);
  fl::FederationSettings federation = settings.federation;
  federation.task = task.dump();
  require_rule_fits(fl::to_json(federation.aggregation), task, "coordinator");
  const auto rounds = task.find("rounds");
  require(rounds != task.end() && rounds->is_number_integer(), ErrorCode::kUnsupported, settings.initial_model + ": its training settings name no rounds");
  federation.rounds = rounds->get<std::int64_t>();
  const fs::path folder = settings.folder;
  const fl::CoordinatorOptions options{settings.listen, settings.name, fl::tls_files(settings.keys, settings.name), folder, settings.linger_seconds};
  fl::RunState state = fl::run_coordinator(options, federation, std::move(initial.state), [&](const fl::RoundReport& report) {
    std::size_t accepted = 0;
    for (const fl::SiteOutcome& site : report.sites) {
      if (site.participation == fl::Participation::kAccepted) ++accepted;
      else log_warning(fmt::format("round {}: site {} {}: {}", report.round + 1, site.site, fl::to_string(site.participation), site.reason));
    }
    const std::string what = report.round < federation.rounds ? fmt::format("round {} of {}", report.round + 1, federation.rounds) : "last look";
    log_line(fmt::format("{}: {} of {} sites, validation of its start {:.3f}", what, accepted, report.sites.size(), report.validation));
    write_file(folder / "progress.json", Json{{"rounds_closed", report.round + 1}, {"rounds", federation.rounds}}.dump() + "\n");
  }, stop);
  if (state.round > federation.rounds) write_finished(folder, fl::RunStore(folder, federation).best_file(), initial);
  return state;
}

}  // namespace consilium::pipelines
