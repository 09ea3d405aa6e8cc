#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fl/ledger/merkle.h"
#include "fl/ledger/tree_head.h"

namespace consilium::fl {

/// A run's ledger, whole, as a value.
struct Ledger {
  std::optional<LedgerKey> key;        ///< absent: nobody signs (a simulation)
  std::vector<std::string> entries;    ///< canonical JSON (fl/ledger/entry.h), the oldest first
  std::vector<SignedHead> heads;       ///< by size
  std::vector<CoSignature> cosignatures;
  bool operator==(const Ledger&) const = default;
};

std::vector<TreeHash> leaf_hashes(const std::vector<std::string>& entries);

/// As a plain file: one line of canonical JSON each for the key, the entries, the heads and the co-signatures, and a last one that counts them (docs/formats.md).
std::string to_text(const Ledger& ledger);
/// Every byte is looked at: a line that to_text would not have written so is damage. @throws Error{kCorruptData} naming `origin` and the line.
Ledger parse_ledger(std::string_view text, const std::string& origin);

/// What the last line counts.
struct LedgerCounts {
  std::size_t entries = 0, heads = 0, cosignatures = 0;
};
std::string last_line(const LedgerCounts& counts);

inline constexpr const char* kNoLedger = "run.sqlite: holds no ledger: the run was made before there were any, and has not gone on since";
inline constexpr std::uint64_t kMostLedgerBytes = 1ULL << 30;
/// @throws Error{kNotFound}; as parse_ledger.
Ledger read_ledger_file(const std::filesystem::path& file);

/// Heads that a site has kept: JSON lines. What a kill left of a last line is passed over. @throws Error{kNotFound}, Error{kCorruptData}
std::vector<SignedHead> read_heads(const std::filesystem::path& file);

}  // namespace consilium::fl
