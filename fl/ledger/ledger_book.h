#pragma once

#include <map>
#include <optional>
#include <string>

#include "fl/coordinator.h"
#include "fl/ledger/ledger.h"
#include "fl/sqlite.h"

namespace consilium::fl {

/// A run's ledger where it grows: tables of its run.sqlite. An entry is written in the transaction that saves its round, so that no kill leaves the two apart, and its head is signed there:
/// a head that was ever shown is one that is kept.
class LedgerBook {
 public:
  /// `database` must outlive it, and is open for writing.
  explicit LedgerBook(const Sqlite& database);

  /// From now on heads are signed; also that of what is there. @throws Error{kMismatch} the run has another key.
  void sign_with(SigningKey key, const LedgerKey& certified);
  /// Enters what `state` has that the ledger has not: the run, or the round of the last report. Within the caller's transaction.
  void record(const RunState& state, const std::string& model_digest, const Json& settings, const std::string& federation);

 private:
  void append(std::int64_t round, const std::string& entry, const std::string& nonce);
  void catch_up();
  void sign_head(const std::string& federation);

  const Sqlite& database_;
  TreeFrontier tree_;
  std::optional<SigningKey> key_;
};

// What the tables say. All of it is for any connection, also one that only reads beside the writer.

/// @throws Error{kNotFound} there is no ledger; Error{kCorruptData}
Ledger read_ledger(const Sqlite& database);
std::optional<LedgerKey> read_ledger_key(const Sqlite& database);
/// By size; nothing where nobody signs.
std::optional<SignedHead> read_head(const Sqlite& database, std::uint64_t size);
std::optional<SignedHead> read_newest_head(const Sqlite& database);
/// Nonces (bytes) of the reports' digests, by round.
std::map<std::int64_t, std::string> read_report_nonces(const Sqlite& database);
/// Keeps a site's word; a second one for the same head changes nothing. `site`: its name.
void add_cosignature(const Sqlite& database, const std::string& site, const CoSignature& signature);
/// Of every update that counted: (round, site) -> hexadecimal.
std::map<std::pair<std::int64_t, std::string>, std::string> read_commitments(const Sqlite& database);

inline constexpr std::int64_t kRunEntryRound = -1;  ///< stands for the first entry where entries are named by their rounds

/// What a site asks before it trusts a head.
struct LedgerQuestion {
  std::uint64_t first = 0;  ///< of a head that it trusts
  std::uint64_t size = 0;   ///< of the head in question
  std::vector<std::int64_t> rounds;  ///< whose entries it wants to see
};
struct ProvedEntry {
  std::uint64_t index = 0;
  std::string text;
  std::vector<TreeHash> path;
};
struct LedgerProof {
  LedgerKey key;
  std::vector<TreeHash> consistency;
  std::vector<ProvedEntry> entries;
  std::vector<CoSignature> cosignatures;  ///< of heads from `first` on, by any site, the newest first
};
inline constexpr std::size_t kMostProvedEntries = 256, kMostGossip = 512;
/// @throws Error{kNotFound} the ledger has no such head or entry; Error{kUsage} more entries than kMostProvedEntries.
LedgerProof prove(const Sqlite& database, const LedgerQuestion& question);

}  // namespace consilium::fl
