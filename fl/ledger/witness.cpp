#include "fl/ledger/witness.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "fl/ledger/canonical.h"
#include "fl/ledger/lines_file.h"
#include "fl/ledger/verify.h"
#include "fl/x509.h"

namespace consilium::fl {
namespace {

TreeHash root_of(const SignedHead& head) { return from_hex(head.head.root, 32, "tree head"); }

std::string words_of(const SignedHead& head) { return std::to_string(head.head.size) + " entries with root " + head.head.root.substr(0, 16); }

/// The run's first round, which is 0 unless the ledger was begun later.
std::int64_t first_round_of(const AnnouncedModel& announced, std::uint64_t size) { return announced.plan.round - static_cast<std::int64_t>(size) + 1; }

/// The entries that were added since `first`, as far as one question may ask, and what bears out the announced model.
std::vector<std::int64_t> rounds_to_ask(const AnnouncedModel& announced, std::uint64_t first, std::uint64_t size) {
  std::set<std::int64_t> rounds;
  if (first == 0 || size == 1) rounds.insert(kRunEntryRound);
  const std::uint64_t added = first == 0 ? 1 : std::min<std::uint64_t>({size - first, size - 1, kMostProvedEntries - 2});
  for (std::uint64_t n = 1; n <= std::max<std::uint64_t>(added, 1) && size > 1; ++n) rounds.insert(announced.plan.round - static_cast<std::int64_t>(n));
  if (announced.finished && announced.best_round >= first_round_of(announced, size)) rounds.insert(announced.best_round);
  return {rounds.begin(), rounds.end()};
}

}  // namespace

Witness::Witness(WitnessOptions options) : options_(std::move(options)) {
  const fs::path alarm = options_.folder / "alarm.json", key = options_.folder / "key.json";
  require(!fs::exists(alarm), ErrorCode::kRefused, "this site's ledger has raised an alarm, and the site goes no further; " + alarm.string() + " holds the evidence (docs/ledger.md says what to do)");
  if (fs::exists(key)) key_ = ledger_key_from_json(parse_canonical(read_file(key, 1 << 20), key.string()), key.string());
  const std::string heads = (options_.folder / "heads.jsonl").string(), updates = (options_.folder / "updates.jsonl").string();
  for (const std::string& line : read_lines(heads)) {
    const SignedHead head = head_from_json(parse_canonical(line, heads), heads);
    heads_.emplace(head.head.size, head);
  }
  for (const std::string& line : read_lines(updates))
    read_fields(parse_canonical(line, updates), updates, [&](SettingsReader& reader) {
      std::string commitment, nonce;
      Json update;
      reader.required("commitment", commitment);
      reader.required("nonce", nonce);
      reader.raw("update", update);
      commitments_.insert(commitment);
    });
  const std::string duplicates = (options_.folder / "duplicates.jsonl").string();
  for (const std::string& line : read_lines(duplicates))
    read_fields(parse_canonical(line, duplicates), duplicates, [&](SettingsReader& reader) {
      std::int64_t round = 0;
      reader.required("round", round);
      duplicates_.insert(round);
    });
}

std::optional<SignedHead> Witness::newest() const { return heads_.empty() ? std::nullopt : std::optional(heads_.rbegin()->second); }

void Witness::keep_update(const std::string& commitment, std::string_view nonce, const std::string& update_text) {
  if (!commitments_.insert(commitment).second) return;
  append_line(options_.folder / "updates.jsonl", canonical_text({{"commitment", commitment}, {"nonce", to_hexadecimal(nonce)}, {"update", parse_json(update_text, "update")}}));
}

void Witness::note_duplicate(std::int64_t round) {
  if (duplicates_.insert(round).second) append_line(options_.folder / "duplicates.jsonl", canonical_text({{"round", round}}));
}

std::vector<std::string> Witness::check(const SignedHead& head, const AnnouncedModel& announced, const Ask& ask) {
  if (!is_new(head) && !announced.finished) return {};
  const std::uint64_t first = heads_.empty() ? 0 : heads_.rbegin()->first;
  if (head.head.federation != announced.federation || head.head.size == 0) alarm("the coordinator shows the ledger of another run, or an empty one", to_json(head));
  if (key_) require_signed(head);
  if (head.head.size < first) alarm("the coordinator shows a ledger of " + words_of(head) + ", and has shown one of " + words_of(heads_.rbegin()->second) + ": it went back", to_json(head));
  const auto proof = ask({first, head.head.size, rounds_to_ask(announced, first, head.head.size)});
  if (!proof) alarm("the coordinator does not prove that its ledger of " + words_of(head) + " continues what this site has seen", to_json(head));
  learn_key(proof->key, announced.federation);
  require_signed(head);
  require_continues(head, proof->consistency);
  std::vector<std::string> told;
  require_entries(head, announced, *proof, told);
  keep_head(head);
  listen_to_others(head, *proof, ask);
  checked_ = head;
  return told;
}

void Witness::learn_key(const LedgerKey& key, const std::string& federation) {
  if (key_) {
    if (key.key != key_->key) alarm("the ledger is signed by another key than before", to_json(key));
    return;
  }
  const std::string fault = fault_of(key, options_.authority);
  if (!fault.empty() || key.federation != federation) alarm("the ledger's key does not count: " + (fault.empty() ? "it is of another run" : fault), to_json(key));
  write_file(options_.folder / "key.json", canonical_text(to_json(key)));
  key_ = key;
}

void Witness::require_signed(const SignedHead& head) {
  if (!is_signed_head(head, key_->key)) alarm("the ledger's head of " + words_of(head) + " is not signed by the ledger's key", to_json(head));
}

void Witness::require_continues(const SignedHead& head, const std::vector<TreeHash>& proof) {
  if (heads_.empty()) return;
  const SignedHead& last = heads_.rbegin()->second;
  if (proves_consistency(last.head.size, head.head.size, proof, root_of(last), root_of(head))) return;
  const bool is_fork = last.head.size == head.head.size;
  alarm(is_fork ? "the ledger is split: two heads of " + std::to_string(head.head.size) + " entries, with roots " + last.head.root.substr(0, 16) + " and " + head.head.root.substr(0, 16)
                : "the ledger of " + words_of(head) + " does not continue the one of " + words_of(last) + ", which this site has seen",
        to_json(head));
}

void Witness::require_entries(const SignedHead& head, const AnnouncedModel& announced, const LedgerProof& proof, std::vector<std::string>& told) {
  bool has_newest = false, has_best = !announced.finished || announced.best_round < first_round_of(announced, head.head.size);
  for (const ProvedEntry& proved : proof.entries) {
    const Json shown{{"head", to_json(head)}, {"index", proved.index}, {"entry", printable(proved.text, 1 << 20)}};
    if (!proves_inclusion(leaf_hash(proved.text), proved.index, head.head.size, proved.path, root_of(head))) alarm("an entry is not in the ledger that the coordinator has signed", shown);
    const bool is_newest = proved.index + 1 == head.head.size;
    const LedgerEntry entry = parse_entry(proved.text, "the ledger's entry " + std::to_string(proved.index));
    if (const auto* run = std::get_if<RunEntry>(&entry)) {
      if (run->federation != announced.federation || run->settings.value("task", Json()) != parse_json(announced.plan.task, "announcement.task", ErrorCode::kCorruptData)) alarm("the run in the ledger is not the one that was announced", shown);
      if (is_newest && run->model_digest != announced.plan.base_digest) alarm("the announced model is not the one in the ledger", shown);
      has_newest |= is_newest;
    } else {
      const auto& round = std::get<RoundEntry>(entry);
      if (is_newest && (round.round + 1 != announced.plan.round || (!announced.finished && round.result_digest != announced.plan.base_digest))) alarm("the announced model is not the one in the ledger", shown);
      if (announced.finished && round.round == announced.best_round) {
        if (round.base_digest != announced.plan.base_digest) alarm("the final model is not the one in the ledger", shown);
        has_best = true;
      }
      has_newest |= is_newest;
      // What came before this site's first look it cannot know: its folder may be new.
      if (!heads_.empty() && proved.index >= heads_.rbegin()->first) require_own_part(round, announced, told);
    }
  }
  if (!has_newest || !has_best) alarm("the coordinator does not show the entry of the model that it announces", to_json(head));
}

void Witness::require_own_part(const RoundEntry& entry, const AnnouncedModel& announced, std::vector<std::string>& told) {
  const auto own = std::find_if(entry.participants.begin(), entry.participants.end(), [&](const LedgerParticipant& p) { return p.site == options_.site; });
  if (own == entry.participants.end()) return;
  const std::string round = "round " + std::to_string(entry.round + 1);
  const bool counted = own->participation == Participation::kAccepted || own->participation == Participation::kMerged;
  // Behind a protection nobody sees one update, and the coordinator has nothing to commit to.
  const bool is_hidden = own->commitment.empty() && !announced.plan.protection.is_plain();
  const bool is_foreign = counted && !is_hidden && !commitments_.contains(own->commitment);
  if (is_foreign && duplicates_.contains(entry.round)) told.push_back("warning: ledger: in " + round + " an update in this site's name counted which it has not sent: of another process with its certificate, or of this site before its folder was lost");
  else if (is_foreign) alarm("the ledger says that in " + round + " an update of this site counted which it has not sent", parse_json(to_text(entry), "entry"));
  // Said, not an alarm: a coordinator that was killed may have lost an update that it had accepted, and said so in the entry.
  if (!counted && own->participation != Participation::kNotAsked) told.push_back("ledger: " + round + " counts without this site (" + std::string(to_string(own->participation)) + ")");
}

void Witness::listen_to_others(const SignedHead& head, const LedgerProof& proof, const Ask& ask) {
  for (const CoSignature& other : proof.cosignatures) {
    // What is not signed by both is no evidence of anything.
    if (other.head.head.federation != head.head.federation || !is_signed_head(other.head, key_->key) || !fault_of(other, options_.authority).empty()) continue;
    const auto known = heads_.find(other.head.head.size);
    if (known != heads_.end() && known->second.head.root == other.head.head.root) continue;
    const auto [first, second] = std::minmax(head, other.head, [](const SignedHead& a, const SignedHead& b) { return a.head.size < b.head.size; });
    const auto more = known != heads_.end() ? std::nullopt : ask({first.head.size, second.head.size, {}});
    if (!more || !proves_consistency(first.head.size, second.head.size, more->consistency, root_of(first), root_of(second)))
      alarm("the ledger is split: another site has seen " + words_of(other.head) + ", which does not go with what this site is shown", to_json(other));
    keep_head(other.head);
  }
}

void Witness::keep_head(const SignedHead& head) {
  if (heads_.emplace(head.head.size, head).second) append_line(options_.folder / "heads.jsonl", canonical_text(to_json(head)));
}

void Witness::check_whole(const Ledger& ledger) {
  std::vector<SignedHead> seen;
  for (const auto& [size, head] : heads_) seen.push_back(head);
  const LedgerVerdict verdict = verify(ledger, {.authority = options_.authority, .kept = {{"this site's heads", seen}}});
  if (!verdict.holds() || !ledger.key || !key_ || ledger.key->key != key_->key) alarm("the ledger does not hold: " + (verdict.holds() ? "it is signed by another key" : verdict.first_fault()), to_json(verdict));
}

void Witness::alarm(const std::string& why, const Json& shown) {
  Json kept = Json::array();
  for (const auto& [size, head] : heads_) kept.push_back(to_json(head));
  const Json evidence{{"schema", "consilium.ledger_alarm/1"}, {"unix_seconds", options_.clock()}, {"why", why}, {"shown", shown}, {"kept", kept}, {"key", key_ ? to_json(*key_) : Json()}};
  write_file(options_.folder / "alarm.json", evidence.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  throw Error(ErrorCode::kRefused, "ledger alarm: " + why + ". This site goes no further; the evidence is in " + (options_.folder / "alarm.json").string());
}

}  // namespace consilium::fl
