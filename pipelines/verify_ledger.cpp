#include "pipelines/verify_ledger.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "fl/ledger/ledger_book.h"

namespace consilium::pipelines {
namespace {

constexpr std::uint64_t kMostPemBytes = 1 << 20;

fs::path file_or_in(const fs::path& path, const fs::path& name) { return fs::is_directory(path) ? path / name : path; }

/// heads.jsonl lies in a site's folder, below ledger/.
fs::path heads_file(const fs::path& path) {
  const fs::path below = path / "ledger" / "heads.jsonl";
  return fs::exists(below) ? below : file_or_in(path, "heads.jsonl");
}

bool is_site(const fs::path& folder) { return fs::exists(folder / "ledger.jsonl") && fs::exists(folder / "ledger" / "heads.jsonl"); }

}  // namespace

std::vector<fs::path> ledger_folders(const fs::path& run) {
  if (fs::exists(run / "run.sqlite")) return {run};
  std::vector<fs::path> folders;
  const fs::path federation = run / "federation";
  require(fs::is_directory(federation), ErrorCode::kNotFound, run.string() + ": no run.sqlite, no ledger.jsonl and no federation there; sites without coordinator keep no ledger, they compare history digests (docs/peers.md)");
  std::vector<fs::path> candidates{federation, federation / "coordinator"};
  for (const auto& entry : fs::directory_iterator(federation))
    if (entry.path().filename().string().starts_with("fold_")) candidates.insert(candidates.end(), {entry.path(), entry.path() / "coordinator"});
  std::copy_if(candidates.begin(), candidates.end(), std::back_inserter(folders), [](const fs::path& folder) { return fs::exists(folder / "run.sqlite"); });
  std::sort(folders.begin(), folders.end());
  require(!folders.empty(), ErrorCode::kNotFound, federation.string() + ": no run.sqlite there");
  return folders;
}

fl::LedgerVerdict verify_ledger(const VerifyRequest& request) {
  require(fs::exists(request.ledger), ErrorCode::kNotFound, request.ledger.string() + ": no such file or folder");
  fl::LedgerChecks checks;
  checks.least_witnesses = request.witnesses;
  if (!request.keys.empty()) checks.authority = read_file(file_or_in(request.keys, "ca.crt"), kMostPemBytes);
  std::vector<fs::path> heads = request.heads;
  const bool is_folder = fs::is_directory(request.ledger), at_site = is_folder && is_site(request.ledger);
  if (at_site) heads.push_back(request.ledger);
  for (const fs::path& path : heads) checks.kept.emplace_back(path.string(), fl::read_heads(heads_file(path)));
  if (!is_folder || at_site) {
    const fl::Ledger ledger = fl::read_ledger_file(file_or_in(request.ledger, "ledger.jsonl"));
    if (!request.copy.empty()) write_file(request.copy, to_text(ledger));
    return verify(ledger, checks);
  }
  const std::vector<fs::path> folders = ledger_folders(request.ledger);
  std::string names;
  for (const fs::path& folder : folders) names += (names.empty() ? "" : ", ") + folder.string();
  require(folders.size() == 1, ErrorCode::kUsage, request.ledger.string() + ": holds several federations; name one of " + names);
  const fl::Ledger ledger = fl::read_ledger(fl::Sqlite(folders[0] / "run.sqlite", fl::SqliteMode::kRead));
  if (!request.copy.empty()) write_file(request.copy, to_text(ledger));
  fl::LedgerVerdict verdict = verify(ledger, checks);
  if (verdict.damage.empty()) compare_with_run(ledger, folders[0], verdict);  // of a damaged ledger nothing can be said about the rest
  return verdict;
}

std::string verdict_text(const fl::LedgerVerdict& v) {
  std::string text = fmt::format("run {}: {} entries, root {}\n", v.federation, v.entries, v.root);
  text += fmt::format("newest model: {}\n", v.model_digest);
  if (v.heads > 0) text += fmt::format("signed heads: {}; co-signed by {}\n", v.heads, v.witnesses.empty() ? "nobody" : fmt::format("{}", fmt::join(v.witnesses, ", ")));
  if (v.least_witnesses > 0) text += fmt::format("witnessed by {} sites or more: {} of {} entries\n", v.least_witnesses, v.witnessed_entries, v.entries);
  if (v.kept_heads > 0) text += fmt::format("heads that sites kept: {} compared\n", v.kept_heads);
  if (v.reports > 0) text += fmt::format("in the run's folder: {} reports and {} models compared\n", v.reports, v.models);
  for (const std::string& fault : v.damage) text += "damaged: " + fault + "\n";
  for (const std::string& fault : v.mismatches) text += "does not fit: " + fault + "\n";
  for (const std::string& gap : v.open) text += "not checked: " + gap + "\n";
  return text + (v.holds() ? "the ledger holds\n" : "the ledger does NOT hold\n");
}

}  // namespace consilium::pipelines
