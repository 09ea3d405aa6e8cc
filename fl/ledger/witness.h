#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "fl/ledger/entry.h"
#include "fl/ledger/ledger_book.h"
#include "fl/round.h"
#include "fl/wall_clock.h"

namespace consilium::fl {

struct WitnessOptions {
  std::filesystem::path folder;  ///< heads.jsonl, updates.jsonl, duplicates.jsonl, key.json, and after an alarm alarm.json
  std::string site;
  std::string authority;         ///< PEM
  WallClock clock = wall_seconds;  ///< stands in an alarm
};

/// What an announcement says that the ledger has to bear out.
struct AnnouncedModel {
  std::string federation;
  RoundPlan plan;
  bool finished = false;
  std::int64_t best_round = 0;
};

/// A site's part in keeping the ledger honest: it remembers every head that it has seen, lets no head pass that does not continue them, and finds its own updates in what it is shown.
///
/// An alarm is final: the evidence is kept, and the site goes no further until a person has looked at it.
class Witness {
 public:
  /// Asks the coordinator; nothing: it has no proof.
  using Ask = std::function<std::optional<LedgerProof>(const LedgerQuestion&)>;

  /// @throws Error{kRefused} there was an alarm.
  explicit Witness(WitnessOptions options);

  /// May this site go on with what was announced? What it should tell its log comes back. A head that was checked before is not asked for again.
  /// @throws Error{kRefused} an alarm.
  std::vector<std::string> check(const SignedHead& head, const AnnouncedModel& announced, const Ask& ask);
  bool is_new(const SignedHead& head) const { return !checked_ || !(checked_->head == head.head); }
  /// Remembers an update before it is sent: only this can show afterwards that it counted as it was.
  void keep_update(const std::string& commitment, std::string_view nonce, const std::string& update_text);
  /// The coordinator says that it has had an update of this site in this round: of another process with the certificate, or of this site before its folder was lost. That it counts is told then, and
  /// no alarm.
  void note_duplicate(std::int64_t round);
  /// The whole ledger, at the end: it must hold, and contain all that was seen. @throws Error{kRefused} an alarm.
  void check_whole(const Ledger& ledger);

  /// The largest head that was seen.
  std::optional<SignedHead> newest() const;

 private:
  [[noreturn]] void alarm(const std::string& why, const Json& shown);
  void learn_key(const LedgerKey& key, const std::string& federation);
  void require_signed(const SignedHead& head);
  void require_continues(const SignedHead& head, const std::vector<TreeHash>& proof);
  void require_entries(const SignedHead& head, const AnnouncedModel& announced, const LedgerProof& proof, std::vector<std::string>& told);
  void require_own_part(const RoundEntry& entry, const AnnouncedModel& announced, std::vector<std::string>& told);
  void listen_to_others(const SignedHead& head, const LedgerProof& proof, const Ask& ask);
  void keep_head(const SignedHead& head);

  WitnessOptions options_;
  std::optional<LedgerKey> key_;
  std::map<std::uint64_t, SignedHead> heads_;  ///< by size
  std::set<std::string> commitments_;          ///< of this site's updates
  std::set<std::int64_t> duplicates_;          ///< rounds
  std::optional<SignedHead> checked_;          ///< by this process
};

}  // namespace consilium::fl
