#include "fl/run_store.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "fl/unpredictable.h"
#include "models/state/safetensors.h"

namespace consilium::fl {

namespace {

constexpr const char* kAllSites = "";  // in the table metrics: what is known over all sites together; no site has this name

void put(const Sqlite& database, const std::string& key, const std::string& value) {
  SqliteStatement(database, "INSERT INTO run(key, value) VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value").bind(key).bind(value).step();
}

std::string value_of(const Sqlite& database, const std::string& key) {
  SqliteStatement statement(database, "SELECT value FROM run WHERE key = ?");
  statement.bind(key);
  return statement.step() ? statement.text(0) : "";
}

/// Every bit of a double, readable.
std::string exact(double value) {
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value);
  return {buffer, end.ptr};
}

Participation participation_of(const std::string& word) {
  for (const auto& [known, participation] : participation_words())
    if (word == known) return participation;
  return Participation::kLate;
}

/// What is written anew after every round, by its key in the table `run`.
std::vector<std::pair<const char*, const ModelState*>> models_of_round(const RunState& state) {
  return {{"global", &state.global}, {"first_moment", &state.memory.m}, {"second_moment", &state.memory.v}};
}

std::string file_name(const std::string& key, std::int64_t trainings) { return key + "_" + std::to_string(trainings) + ".safetensors"; }

constexpr const char* kRunSchema = "consilium.run/3";

constexpr const char* kSchema =
    "CREATE TABLE IF NOT EXISTS run(key TEXT PRIMARY KEY, value TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS rounds(round INTEGER PRIMARY KEY, base_digest TEXT NOT NULL, result_digest TEXT NOT NULL, validation REAL NOT NULL, validation_cases INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS participation(round INTEGER NOT NULL, site TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL, cases INTEGER NOT NULL, validation REAL NOT NULL,"
    " validation_cases INTEGER NOT NULL, validation_weight REAL NOT NULL, PRIMARY KEY(round, site));"
    "CREATE TABLE IF NOT EXISTS metrics(round INTEGER NOT NULL, site TEXT NOT NULL, name TEXT NOT NULL, value REAL NOT NULL, PRIMARY KEY(round, site, name));";

}  // namespace

RunStore::RunStore(const fs::path& folder, const FederationSettings& settings) : folder_(folder), lock_(folder), rounds_(settings.rounds) {
  make_folder(folder / "models");
  database_ = std::make_unique<Sqlite>(folder / "run.sqlite", SqliteMode::kWrite);
  database_->run("PRAGMA synchronous=FULL");
  const std::string wanted = to_json(settings).dump();
  std::string found;
  database_->transaction([&] {  // a run that is begun is begun whole
    database_->run(kSchema);
    ledger_ = std::make_unique<LedgerBook>(*database_);
    found = value_of(*database_, "settings");
    if (!found.empty()) return;
    put(*database_, "settings", wanted);
    put(*database_, "schema", kRunSchema);
    put(*database_, "federation", to_hexadecimal(unpredictable_bytes(16)));
  });
  if (found.empty()) return;
  const std::string schema = value_of(*database_, "schema");
  require(schema == kRunSchema, ErrorCode::kUnsupported, folder.string() + ": holds a run in the format " + schema + ", this program writes " + kRunSchema + "; finish it with the program that began it, or give another folder");
  require(found == wanted, ErrorCode::kMismatch, folder.string() + ": holds a federation of other settings; give another folder, or remove this one");
}
RunStore::~RunStore() = default;
RunStore::RunStore(RunStore&&) noexcept = default;

std::string RunStore::federation() const { return value_of(*database_, "federation"); }
fs::path RunStore::global_file() const { return folder_ / "models" / value_of(*database_, "global"); }
fs::path RunStore::best_file() const { return folder_ / "models" / file_name("global", std::atoll(value_of(*database_, "best_round").c_str())); }

void RunStore::write_ahead(const ModelState& global, std::int64_t trainings) {
  ahead_ = file_name("global", trainings);
  writing_ = std::async(std::launch::async, [file = folder_ / "models" / ahead_, &global] { write_safetensors(file, global); });
}

void RunStore::save(const RunState& state) {
  if (writing_.valid()) writing_.get();
  const std::string written = std::exchange(ahead_, "");
  const std::int64_t trainings = std::min(state.round, rounds_);  // the last look changes no model
  std::vector<std::pair<std::string, std::string>> rows;
  std::set<std::string> needed{file_name("global", state.best_round)};
  for (const auto& [key, model] : models_of_round(state)) {
    const std::string name = model->tensors.empty() ? "" : file_name(key, trainings);
    // Whoever closed the round has hashed its model.
    const std::string hash = name.empty() ? "" : model == &state.global && !state.reports.empty() ? state.reports.back().result_digest : digest(*model);
    const bool is_there = value_of(*database_, key) == name && value_of(*database_, std::string(key) + "_digest") == hash;
    if (!name.empty() && !is_there && name != written) write_safetensors(folder_ / "models" / name, *model);
    rows.emplace_back(key, name);
    rows.emplace_back(std::string(key) + "_digest", hash);
    needed.insert(name);
  }
  database_->transaction([&] {
    put(*database_, "round", std::to_string(state.round));
    for (const auto& [key, value] : rows) put(*database_, key, value);
    put(*database_, "best_round", std::to_string(state.best_round));
    put(*database_, "best_validation", exact(state.best_validation));
    if (!state.reports.empty()) {
      const RoundReport& r = state.reports.back();
      SqliteStatement(*database_, "INSERT OR REPLACE INTO rounds VALUES(?, ?, ?, ?, ?)").bind(r.round).bind(r.base_digest).bind(r.result_digest).bind(r.validation).bind(r.validation_cases).step();
      for (const SiteOutcome& s : r.sites) {
        SqliteStatement(*database_, "INSERT OR REPLACE INTO participation VALUES(?, ?, ?, ?, ?, ?, ?, ?)")
            .bind(r.round).bind(s.site).bind(std::string(to_string(s.participation))).bind(s.reason).bind(s.cases).bind(s.validation.score).bind(s.validation.cases).bind(s.validation.weight).step();
        for (const auto& [metric, value] : s.metrics) SqliteStatement(*database_, "INSERT OR REPLACE INTO metrics VALUES(?, ?, ?, ?)").bind(r.round).bind(s.site).bind(metric).bind(value).step();
      }
      for (const auto& [metric, value] : r.sums) SqliteStatement(*database_, "INSERT OR REPLACE INTO metrics VALUES(?, ?, ?, ?)").bind(r.round).bind(std::string(kAllSites)).bind(metric).bind(value).step();
    }
    const auto digest_of_global = std::find_if(rows.begin(), rows.end(), [](const auto& row) { return row.first == "global_digest"; });
    ledger_->record(state, digest_of_global->second, parse_json(value_of(*database_, "settings"), "run.sqlite, settings"), federation());
  });
  // Only now are the files of the round before not needed any more; those that a kill left behind go with them.
  for (const auto& entry : fs::directory_iterator(folder_ / "models"))
    if (!needed.contains(entry.path().filename().string())) fs::remove(entry.path());
}

std::optional<RunState> RunStore::load() const {
  const std::string round = value_of(*database_, "round");
  if (round.empty()) return std::nullopt;
  const auto model = [&](const char* key) {
    const std::string name = value_of(*database_, key);
    if (name.empty()) return ModelState{};  // a rule without memory
    const fs::path file = folder_ / "models" / name;
    ModelState state = read_safetensors(file).state;
    require(digest(state) == value_of(*database_, std::string(key) + "_digest"), ErrorCode::kCorruptData, file.string() + ": is not the model that run.sqlite names; restore it from a backup, or start a new run");
    return state;
  };
  RunState state;
  state.round = std::atoll(round.c_str());
  state.global = model("global");
  state.memory = {model("first_moment"), model("second_moment")};
  state.best_round = std::atoll(value_of(*database_, "best_round").c_str());
  const std::string validation = value_of(*database_, "best_validation");
  std::from_chars(validation.data(), validation.data() + validation.size(), state.best_validation);
  state.reports = read_reports(*database_);
  return state;
}

std::vector<RoundReport> read_reports(const Sqlite& database) {
  const auto commitments = read_commitments(database);
  std::vector<RoundReport> reports;
  SqliteStatement rounds(database, "SELECT round, base_digest, result_digest, validation, validation_cases FROM rounds ORDER BY round");
  while (rounds.step()) {
    RoundReport report{rounds.integer(0), rounds.text(1), rounds.text(2), rounds.number(3), rounds.integer(4), {}};
    SqliteStatement sums(database, "SELECT name, value FROM metrics WHERE round = ? AND site = ?");
    sums.bind(report.round).bind(std::string(kAllSites));
    while (sums.step()) report.sums[sums.text(0)] = sums.number(1);
    SqliteStatement sites(database, "SELECT site, outcome, reason, cases, validation, validation_cases, validation_weight FROM participation WHERE round = ? ORDER BY site");
    sites.bind(report.round);
    while (sites.step()) {
      SiteOutcome outcome{sites.text(0), participation_of(sites.text(1)), sites.text(2), sites.integer(3), {sites.number(4), sites.integer(5), sites.number(6)}, {}, {}};
      SqliteStatement metrics(database, "SELECT name, value FROM metrics WHERE round = ? AND site = ?");
      metrics.bind(report.round).bind(outcome.site);
      while (metrics.step()) outcome.metrics[metrics.text(0)] = metrics.number(1);
      if (const auto commitment = commitments.find({report.round, outcome.site}); commitment != commitments.end()) outcome.commitment = commitment->second;
      report.sites.push_back(std::move(outcome));
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

RunState with_whole_reports(RunState state, const fs::path& folder) {
  state.reports = read_reports(Sqlite(folder / "run.sqlite", SqliteMode::kRead));
  return state;
}

}  // namespace consilium::fl
