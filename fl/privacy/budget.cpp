#include "fl/privacy/budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "base/files.h"
#include "fl/keys.h"

namespace consilium::fl {
namespace {

constexpr std::int64_t kYearSeconds = 365LL * 24 * 3600;
constexpr const char* kFile = "privacy.sqlite";
constexpr const char* kSchemaName = "consilium.privacy/1";
constexpr const char* kTables =
    "CREATE TABLE IF NOT EXISTS ledger(key TEXT PRIMARY KEY, value TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS spends(number INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, run TEXT NOT NULL, round INTEGER NOT NULL, draw TEXT NOT NULL, mechanism TEXT NOT NULL,"
    " noise_multiplier REAL NOT NULL, sampling_rate REAL NOT NULL, steps INTEGER NOT NULL, clip REAL NOT NULL, epsilon_run REAL NOT NULL, epsilon_year REAL NOT NULL, delta REAL NOT NULL,"
    " accountant TEXT NOT NULL, UNIQUE(run, round, draw));";

std::string schema_of(const Sqlite& database) {
  SqliteStatement statement(database, "SELECT value FROM ledger WHERE key = 'schema'");
  return statement.step() ? statement.text(0) : "";
}

void require_schema(const Sqlite& database, const fs::path& folder) {
  const std::string found = schema_of(database);
  require(found == kSchemaName, ErrorCode::kUnsupported, fmt::format("{}: holds a privacy ledger in the format \"{}\", this program knows {}", folder.string(), found, kSchemaName));
}

std::vector<BudgetEntry> entries_of(const Sqlite& database) {
  std::vector<BudgetEntry> entries;
  SqliteStatement rows(database, "SELECT time, run, round, draw, mechanism, noise_multiplier, sampling_rate, steps, clip, epsilon_run, epsilon_year FROM spends ORDER BY number");
  while (rows.step())
    entries.push_back({{rows.text(1), rows.integer(2), rows.text(3), rows.text(4), {rows.number(5), rows.number(6), rows.integer(7)}, rows.number(8)}, rows.integer(0), {rows.number(9), rows.number(10)}});
  return entries;
}

void insert(const Sqlite& database, const BudgetEntry& e, const PrivacyBudget& budget) {
  SqliteStatement(database, "INSERT INTO spends(time, run, round, draw, mechanism, noise_multiplier, sampling_rate, steps, clip, epsilon_run, epsilon_year, delta, accountant) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(e.time).bind(e.spend.run).bind(e.spend.round).bind(e.spend.draw).bind(e.spend.mechanism).bind(e.spend.releases.noise_multiplier).bind(e.spend.releases.sampling_rate)
      .bind(e.spend.releases.steps).bind(e.spend.clip).bind(e.after.run).bind(e.after.year).bind(budget.delta).bind(std::string(to_string(budget.accountant))).step();
}

void require_within(double epsilon, double bound, const char* what, const char* key) {
  require(bound == 0 || epsilon <= bound, ErrorCode::kRefused,
          fmt::format("privacy budget: with this round, {} would have taken epsilon {:.4g} of {:.4g} ({}); it is not trained, and nothing of it leaves the site", what, epsilon, bound, key));
}

}  // namespace

void read_privacy_budget(SettingsReader& reader, PrivacyBudget& b) {
  reader.field("epsilon_per_year", b.epsilon_per_year);
  reader.field("epsilon_per_run", b.epsilon_per_run);
  reader.field("delta", b.delta);
  reader.choice("accountant", b.accountant, accountant_words());
  reader.finish();
  validate(b, reader.path());
}

Json to_json(const PrivacyBudget& b) { return {{"epsilon_per_year", b.epsilon_per_year}, {"epsilon_per_run", b.epsilon_per_run}, {"delta", b.delta}, {"accountant", to_string(b.accountant)}}; }

void validate(const PrivacyBudget& b, const std::string& path) {
  require(std::isfinite(b.epsilon_per_year) && b.epsilon_per_year >= 0, ErrorCode::kUsage, path + ".epsilon_per_year: expected a number of at least 0");
  require(std::isfinite(b.epsilon_per_run) && b.epsilon_per_run >= 0, ErrorCode::kUsage, path + ".epsilon_per_run: expected a number of at least 0");
  require(b.delta > 0 && b.delta < 1, ErrorCode::kUsage, path + ".delta: expected above 0 and below 1");
}

PrivacySpent spent(const std::vector<BudgetEntry>& entries, const std::string& run, const PrivacyBudget& budget, std::int64_t now) {
  std::vector<SampledGaussian> of_run, of_year;
  for (const BudgetEntry& entry : entries) {
    if (entry.spend.run == run) of_run.push_back(entry.spend.releases);
    if (entry.time > now - kYearSeconds) of_year.push_back(entry.spend.releases);
  }
  const double year = epsilon_of(of_year, budget.delta, budget.accountant);
  return {of_run.size() == of_year.size() && std::equal(of_run.begin(), of_run.end(), of_year.begin()) ? year : epsilon_of(of_run, budget.delta, budget.accountant), year};
}

BudgetLedger::BudgetLedger(const fs::path& folder) : folder_(folder), database_((make_folder(folder), folder / kFile), SqliteMode::kWrite) {
  database_.run("PRAGMA synchronous=FULL");
  database_.transaction([&] {
    database_.run(kTables);
    if (schema_of(database_).empty()) SqliteStatement(database_, "INSERT INTO ledger(key, value) VALUES('schema', ?)").bind(std::string(kSchemaName)).step();
  });
  require_schema(database_, folder);
}

PrivacySpent BudgetLedger::charge(const PrivacySpend& spend, const PrivacyBudget& budget, std::int64_t now) {
  validate(budget);
  validate(spend.releases);
  PrivacySpent result;
  database_.transaction([&] {
    std::vector<BudgetEntry> entries = entries_of(database_);
    const auto same = std::find_if(entries.begin(), entries.end(), [&](const BudgetEntry& e) { return e.spend.run == spend.run && e.spend.round == spend.round && e.spend.draw == spend.draw; });
    if (same != entries.end()) {
      require(same->spend == spend, ErrorCode::kMismatch, fmt::format("privacy ledger: round {} was charged with the same noise and other parameters", spend.round));
      result = spent(entries, spend.run, budget, now);
      return;
    }
    // A clock that was set back does not make old spends of what follows.
    const std::int64_t time = entries.empty() ? now : std::max(now, entries.back().time);
    entries.push_back({spend, time, {}});
    result = spent(entries, spend.run, budget, now);
    require_within(result.run, budget.epsilon_per_run, "this federation", "epsilon_per_run");
    require_within(result.year, budget.epsilon_per_year, "the last 365 days", "epsilon_per_year");
    entries.back().after = result;
    insert(database_, entries.back(), budget);
  });
  return result;
}

NoiseKey BudgetLedger::noise_key() const {
  const fs::path file = folder_ / "noise.key";
  std::optional<NoiseKey> key;
  // Under the database's lock: two processes that start at once agree on one key.
  database_.transaction([&] {
    if (!fs::exists(file)) {
      const NoiseKey made = NoiseKey::random();
      write_secret_file(file, std::string_view(reinterpret_cast<const char*>(made.bytes().data()), made.bytes().size()));
    }
    key = NoiseKey::from_bytes(read_file(file, 4096));
  });
  return *key;
}

std::vector<BudgetEntry> read_budget_ledger(const fs::path& folder) {
  if (!fs::exists(folder / kFile)) return {};
  const Sqlite database(folder / kFile, SqliteMode::kRead);
  require_schema(database, folder);
  return entries_of(database);
}

}  // namespace consilium::fl
