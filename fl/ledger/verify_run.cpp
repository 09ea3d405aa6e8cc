#include <map>

#include "base/error.h"
#include "base/files.h"
#include "fl/ledger/entry.h"
#include "fl/ledger/ledger_book.h"
#include "fl/ledger/verify.h"
#include "fl/run_store.h"
#include "models/state/safetensors.h"

namespace consilium::fl {
namespace {

using Entries = std::map<std::int64_t, RoundEntry>;

Entries entries_of(const Ledger& ledger) {
  Entries entries;
  for (std::size_t n = 1; n < ledger.entries.size(); ++n) {
    LedgerEntry entry = parse_entry(ledger.entries[n], "entry " + std::to_string(n));
    if (auto* round = std::get_if<RoundEntry>(&entry)) entries.emplace(round->round, std::move(*round));
  }
  return entries;
}

void compare_reports(const Sqlite& database, const Entries& entries, LedgerVerdict& verdict) {
  const std::map<std::int64_t, std::string> nonces = read_report_nonces(database);
  std::map<std::int64_t, RoundReport> reports;
  for (RoundReport& report : read_reports(database)) reports.emplace(report.round, std::move(report));
  for (const auto& [round, entry] : entries) {
    const auto report = reports.find(round);
    const auto nonce = nonces.find(round);
    if (report == reports.end() || nonce == nonces.end()) {
      verdict.mismatches.push_back("run.sqlite has no report of round " + std::to_string(round) + ", which the ledger has");
      continue;
    }
    ++verdict.reports;
    if (report_digest(report->second, nonce->second) != entry.report_digest) verdict.mismatches.push_back("run.sqlite: the report of round " + std::to_string(round) + " is not the one that was entered");
  }
  for (const auto& [round, report] : reports)
    if (!entries.empty() && round > entries.rbegin()->first) verdict.mismatches.push_back("run.sqlite has a report of round " + std::to_string(round) + ", which the ledger has not");
}

/// global_N.safetensors is what N trainings came to.
void compare_models(const fs::path& folder, const Entries& entries, LedgerVerdict& verdict) {
  if (!fs::is_directory(folder / "models")) return;
  for (const auto& entry : fs::directory_iterator(folder / "models")) {
    const std::string stem = entry.path().stem().string(), digits = stem.substr(std::min<std::size_t>(stem.size(), 7));
    if (!stem.starts_with("global_") || entry.path().extension() != ".safetensors" || digits.empty() || digits.size() > 9 || digits.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::int64_t trainings = std::stoll(digits);
    const auto before = entries.find(trainings), after = entries.find(trainings - 1);
    if (before == entries.end() && after == entries.end()) continue;  // a run that had rounds before it had a ledger
    ++verdict.models;
    if (digest(read_safetensors(entry.path()).state) != (before != entries.end() ? before->second.base_digest : after->second.result_digest))
      verdict.mismatches.push_back("models/" + entry.path().filename().string() + " is not the model that was entered");
  }
}

}  // namespace

void compare_with_run(const Ledger& ledger, const fs::path& folder, LedgerVerdict& verdict) {
  const Sqlite database(folder / "run.sqlite", SqliteMode::kRead);
  const Entries entries = entries_of(ledger);
  compare_reports(database, entries, verdict);
  compare_models(folder, entries, verdict);
}

}  // namespace consilium::fl
