#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/settings.h"
#include "fl/round.h"

namespace consilium::fl {

/// The first entry: what a run was begun with.
struct RunEntry {
  std::string federation;      ///< of the run, 32 hexadecimal digits
  Json settings;               ///< FederationSettings
  std::int64_t first_round = 0;  ///< 0, unless the run had closed rounds before it had a ledger
  std::string model_digest;    ///< what the first round starts from
};

struct LedgerParticipant {
  std::string site;
  Participation participation = Participation::kLate;
  std::string commitment;          ///< to the update that counted (fl/ledger/commitment.h), hexadecimal; empty: there was none, or it travelled without
  std::optional<double> epsilon;   ///< of differential privacy, spent so far, as the site told
  std::int64_t group = 0;          ///< the number of the sum that it was in, where sums are made in groups of sites; 0: no such sum
  bool operator==(const LedgerParticipant&) const = default;
};

/// What one closed round did. No count, score or loss of a site: every site reads the ledger.
struct RoundEntry {
  std::string federation;
  std::int64_t round = 0;
  std::string base_digest, result_digest;  ///< the model before and after
  std::string settings_digest;             ///< SHA-256 of the settings' canonical text
  Json protection = Json::object();        ///< of the settings: what updates are protected by; empty: nothing
  std::vector<LedgerParticipant> participants;  ///< sorted by name
  std::string report_digest;               ///< report_digest(); the run's folder has report and nonce
  std::string previous_root;               ///< of the tree of all entries before, hexadecimal
};

using LedgerEntry = std::variant<RunEntry, RoundEntry>;

/// Its canonical JSON: what is hashed into the tree.
std::string to_text(const RunEntry& entry);
std::string to_text(const RoundEntry& entry);
/// @throws Error{kCorruptData} naming `origin`.
LedgerEntry parse_entry(std::string_view text, const std::string& origin);

/// The entry of a closed round, but for its place in the ledger.
RoundEntry entry_of(const RoundReport& report, const Json& settings, const std::string& federation);
std::string settings_digest(const Json& settings);
/// SHA-256(nonce || canonical JSON of the report), hexadecimal. The nonce (bytes) keeps a report of few possible values from being guessed.
std::string report_digest(const RoundReport& report, std::string_view nonce);

/// Metric by which a site tells the epsilon it has spent.
inline constexpr const char* kEpsilonMetric = "epsilon";

}  // namespace consilium::fl
