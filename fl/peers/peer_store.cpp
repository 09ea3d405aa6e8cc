#include "fl/peers/peer_store.h"

#include <set>

#include "base/error.h"
#include "base/files.h"
#include "models/state/safetensors.h"

namespace consilium::fl {
namespace {

constexpr const char* kPeerSchema = "consilium.peer/2";

fs::path json_file(const fs::path& folder) { return folder / "peer.json"; }

/// The digest under which the model is on disk now; empty for a model without tensors.
std::string keep(const fs::path& folder, const ModelState& model, std::set<std::string>& kept) {
  if (model.tensors.empty()) return "";
  const std::string name = digest(model);
  const fs::path file = folder / "models" / (name + ".safetensors");
  if (!fs::exists(file)) write_safetensors(file, model);
  kept.insert(name);
  return name;
}

ModelState fetch(const fs::path& folder, const std::string& name) {
  if (name.empty()) return {};
  const fs::path file = folder / "models" / (name + ".safetensors");
  ModelState model = read_safetensors(file).state;
  require(digest(model) == name, ErrorCode::kCorruptData, file.string() + ": is not the model that its name says");
  return model;
}

}  // namespace

PeerStore::PeerStore(const fs::path& folder, const PeerSettings& settings, const std::string& name) : folder_(folder), lock_(folder), settings_{{"name", name}, {"federation", to_json(settings)}} {
  if (!fs::exists(json_file(folder_))) return;
  const Json saved = read_json(json_file(folder_));
  require(saved.is_object() && saved.value("peer", Json()) == settings_, ErrorCode::kMismatch, folder_.string() + ": holds another federation, or another peer of this one; give another folder, or remove this one");
}

std::optional<PeerRecord> PeerStore::load() const {
  if (!fs::exists(json_file(folder_))) return std::nullopt;
  const std::string origin = json_file(folder_).string();
  PeerRecord record;
  const Json json = read_json(json_file(folder_));
  SettingsReader reader(json, origin);
  std::string schema, global, best, first, second, accepted_global, accepted_first, accepted_second;
  Json ignored, reports, accepted;
  reader.required("schema", schema);
  require(schema == kPeerSchema, ErrorCode::kUnsupported, origin + ".schema: expected \"" + kPeerSchema + "\", found \"" + schema + "\"");
  reader.raw("peer", ignored);
  reader.required("round", record.run.round);
  reader.required("best_round", record.run.best_round);
  reader.required("best_validation", record.run.best_validation);
  reader.required("view", record.view);
  reader.required("accepted_view", record.accepted_view);
  reader.raw("reports", reports);
  reader.raw("accepted_report", accepted);
  reader.object("models", [&](SettingsReader& models) {
    models.required("global", global);
    models.required("best", best);
    models.required("first", first);
    models.required("second", second);
    models.required("accepted_global", accepted_global);
    models.required("accepted_first", accepted_first);
    models.required("accepted_second", accepted_second);
  });
  reader.finish();
  for (const Json& report : reports) record.run.reports.push_back(parse_report(report, origin));
  if (record.accepted_view >= 0) record.accepted.report = parse_report(accepted, origin);
  record.run.global = fetch(folder_, global);
  record.best = fetch(folder_, best);
  record.run.memory = {fetch(folder_, first), fetch(folder_, second)};
  record.accepted.global = fetch(folder_, accepted_global);
  record.accepted.memory = {fetch(folder_, accepted_first), fetch(folder_, accepted_second)};
  return record;
}

void PeerStore::save(const PeerRecord& record) {
  std::set<std::string> kept;
  const auto& [first, second] = record.run.memory;
  const auto& [accepted_first, accepted_second] = record.accepted.memory;
  const Json models{{"global", keep(folder_, record.run.global, kept)}, {"best", keep(folder_, record.best, kept)}, {"first", keep(folder_, first, kept)}, {"second", keep(folder_, second, kept)},
                    {"accepted_global", keep(folder_, record.accepted.global, kept)}, {"accepted_first", keep(folder_, accepted_first, kept)}, {"accepted_second", keep(folder_, accepted_second, kept)}};
  Json reports = Json::array();
  for (const RoundReport& report : record.run.reports) reports.push_back(to_json(report));
  const Json json{{"schema", kPeerSchema}, {"peer", settings_}, {"round", record.run.round}, {"best_round", record.run.best_round}, {"best_validation", record.run.best_validation}, {"view", record.view},
                  {"accepted_view", record.accepted_view}, {"reports", reports}, {"accepted_report", record.accepted_view >= 0 ? to_json(record.accepted.report) : Json()}, {"models", models}};
  write_file(json_file(folder_), json.dump(1) + "\n");
  for (const auto& entry : fs::directory_iterator(folder_ / "models"))
    if (entry.path().extension() == ".safetensors" && !kept.contains(entry.path().stem().string())) fs::remove(entry.path());
}

}  // namespace consilium::fl
