#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fl/ledger/ledger.h"

namespace consilium::fl {

struct LedgerChecks {
  std::optional<std::string> authority{};  ///< PEM of the federation's ca.crt; without it nobody says whose the keys are
  std::vector<std::pair<std::string, std::vector<SignedHead>>> kept{};  ///< heads that sites have kept, each with where they are from
  std::uint64_t least_witnesses = 0;           ///< sites that must have co-signed the newest head, for the ledger to hold; needs `authority`
};

/// What a ledger is worth.
struct LedgerVerdict {
  std::string federation, root, model_digest;  ///< of the run; of all entries; of the newest model
  std::uint64_t entries = 0, heads = 0, kept_heads = 0;
  std::uint64_t reports = 0, models = 0;       ///< of the run's folder that were compared
  std::vector<std::string> witnesses;          ///< sites that have signed one of its heads
  std::uint64_t least_witnesses = 0, witnessed_entries = 0;  ///< asked for; entries that so many sites have vouched for: who signs a head has seen all before it
  std::vector<std::string> damage;             ///< what does not hold in the ledger itself
  std::vector<std::string> mismatches;         ///< what does not fit heads, reports or models outside it
  std::vector<std::string> open;               ///< what was not checked, and why

  bool holds() const { return damage.empty() && mismatches.empty(); }
  const std::string& first_fault() const { return damage.empty() ? mismatches.front() : damage.front(); }
};
Json to_json(const LedgerVerdict& verdict);

/// Everything that can be checked without the run: every signature, the tree, the chain of models from entry to entry, and that it continues the heads that sites have kept.
/// Faults are results; none is thrown. @throws Error{kUsage} witnesses are asked for without an authority: whoever can make certificates could be all of them.
LedgerVerdict verify(const Ledger& ledger, const LedgerChecks& checks = {});

/// Adds what the run's folder says: the reports of the closed rounds, and the models that lie there, against their entries. @throws Error{kNotFound}, Error{kCorruptData}
void compare_with_run(const Ledger& ledger, const std::filesystem::path& folder, LedgerVerdict& verdict);

/// The model digests that the entries record: before the first round, and after each. @throws Error{kCorruptData}
std::vector<std::string> model_digests(const Ledger& ledger);

}  // namespace consilium::fl
