#include "fl/ledger/verify.h"

#include <algorithm>
#include <functional>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "fl/known_certificate.h"
#include "fl/ledger/entry.h"

namespace consilium::fl {
namespace {

/// What the entries before say about the next one.
struct Chain {
  std::string federation, settings_digest, model_digest;
  Json protection;
  std::int64_t next_round = 0;
};

void check_run_entry(const RunEntry& run, Chain& chain) {
  chain = {run.federation, settings_digest(run.settings), run.model_digest, run.settings.value("protection", Json::object()), run.first_round};
}

void check_round_entry(const RoundEntry& round, const std::string& root_before, Chain& chain, const std::function<void(const std::string&)>& fault) {
  if (round.federation != chain.federation) fault("is of another run");
  if (round.round != chain.next_round) fault("is of round " + std::to_string(round.round) + ", expected " + std::to_string(chain.next_round));
  if (round.settings_digest != chain.settings_digest) fault("was made with other settings than the run was begun with");
  if (round.protection != chain.protection) fault("names another protection than the settings");
  if (round.base_digest != chain.model_digest) fault("starts from another model than the entry before ended with");
  if (round.previous_root != root_before) fault("does not follow the entries before it");
  if (!std::is_sorted(round.participants.begin(), round.participants.end(), [](const auto& a, const auto& b) { return a.site < b.site; })) fault("lists its participants out of order");
  chain.model_digest = round.result_digest;
  ++chain.next_round;
}

/// Roots of the first 0, 1, ... entries.
std::vector<std::string> check_entries(const Ledger& ledger, LedgerVerdict& verdict) {
  Chain chain;
  TreeFrontier tree;
  std::vector<std::string> roots{to_hexadecimal(tree.root())};
  for (std::size_t n = 0; n < ledger.entries.size(); ++n) {
    const std::string where = "entry " + std::to_string(n);
    const auto fault = [&](const std::string& why) { verdict.damage.push_back(where + " " + why); };
    try {
      const LedgerEntry entry = parse_entry(ledger.entries[n], where);
      const auto* run = std::get_if<RunEntry>(&entry);
      if ((run != nullptr) != (n == 0)) fault(n == 0 ? "is not that of a run" : "is that of a run, which comes first");
      else if (run != nullptr) check_run_entry(*run, chain);
      else check_round_entry(std::get<RoundEntry>(entry), roots.back(), chain, fault);
    } catch (const Error& error) {  // one bad entry is a finding, not the end of the others
      verdict.damage.push_back(error.what());
    }
    tree.append(leaf_hash(ledger.entries[n]));
    roots.push_back(to_hexadecimal(tree.root()));
  }
  if (ledger.entries.empty()) verdict.damage.push_back("the ledger has no entry");
  verdict.federation = chain.federation;
  verdict.model_digest = chain.model_digest;
  verdict.entries = ledger.entries.size();
  verdict.root = roots.back();
  return roots;
}

/// Why a head does not belong to the tree; empty: it does.
std::string head_fault(const SignedHead& head, const Ledger& ledger, const std::vector<std::string>& roots, const std::string& federation) {
  const std::string words = "head of " + std::to_string(head.head.size) + " entries";
  if (head.head.federation != federation) return words + " is of another run";
  if (!ledger.key || !is_signed_head(head, ledger.key->key)) return words + " is not signed by the ledger's key";
  if (head.head.size >= roots.size()) return words + ": the ledger has only " + std::to_string(roots.size() - 1);
  if (head.head.root != roots[head.head.size]) return words + " has another root than the first " + std::to_string(head.head.size) + " entries";
  return "";
}

void check_heads(const Ledger& ledger, const std::vector<std::string>& roots, LedgerVerdict& verdict) {
  std::uint64_t last = 0;
  std::int64_t last_seconds = 0;
  for (const SignedHead& head : ledger.heads) {
    if (const std::string why = head_fault(head, ledger, roots, verdict.federation); !why.empty()) verdict.damage.push_back(why);
    if (head.head.size <= last) verdict.damage.push_back("head of " + std::to_string(head.head.size) + " entries is not in its place");
    // A clock may be set back; it is told, and no fault of the ledger.
    if (head.head.unix_seconds < last_seconds) verdict.open.push_back("head of " + std::to_string(head.head.size) + " entries says it was signed before the one ahead of it: the coordinator's clock went back");
    last = head.head.size;
    last_seconds = head.head.unix_seconds;
  }
  verdict.heads = ledger.heads.size();
  if (!ledger.key) verdict.open.push_back("nobody has signed this ledger (a simulation): whoever has the files can write it anew");
  else if (last != ledger.entries.size()) verdict.damage.push_back("its newest head is of " + std::to_string(last) + " entries, and there are " + std::to_string(ledger.entries.size()));
}

void check_cosignatures(const Ledger& ledger, const LedgerChecks& checks, const std::vector<std::string>& roots, LedgerVerdict& verdict) {
  std::map<std::string, std::uint64_t> witnesses;  // and how far each has seen
  for (const CoSignature& signature : ledger.cosignatures) {
    const std::string site = printable(known_certificate(signature.certificate, "co-signature")->summary.name, 80);
    std::string why = head_fault(signature.head, ledger, roots, verdict.federation);
    if (why.empty()) why = fault_of(signature, checks.authority);
    if (why.empty()) witnesses[site] = std::max(witnesses[site], signature.head.head.size);
    else verdict.damage.push_back("co-signature of \"" + site + "\": " + why);
  }
  std::vector<std::uint64_t> seen;
  for (const auto& [site, entries] : witnesses) {
    verdict.witnesses.push_back(site);
    seen.push_back(entries);
  }
  verdict.least_witnesses = checks.least_witnesses;
  if (checks.least_witnesses == 0) return;
  std::sort(seen.begin(), seen.end(), std::greater<>());
  verdict.witnessed_entries = seen.size() < checks.least_witnesses ? 0 : seen[checks.least_witnesses - 1];
  if (verdict.witnessed_entries >= verdict.entries) return;
  verdict.mismatches.push_back(std::to_string(checks.least_witnesses) + " sites have co-signed heads of up to " + std::to_string(verdict.witnessed_entries) + " entries, and there are " + std::to_string(verdict.entries) +
                               ": for the rest there are fewer witnesses than asked for");
}

}  // namespace

LedgerVerdict verify(const Ledger& ledger, const LedgerChecks& checks) {
  require(checks.least_witnesses == 0 || checks.authority, ErrorCode::kUsage, "witnesses count only with the federation's authority (--keys): whoever makes certificates could be all of them");
  LedgerVerdict verdict;
  const std::vector<std::string> roots = check_entries(ledger, verdict);
  if (ledger.key) {
    if (const std::string why = fault_of(*ledger.key, checks.authority); !why.empty()) verdict.damage.push_back("the ledger's key: " + why);
    if (ledger.key->federation != verdict.federation) verdict.damage.push_back("the ledger's key is of another run");
    if (!checks.authority) verdict.open.push_back("no authority was given (--keys): that the certificates in the ledger are the federation's was not checked");
  }
  check_heads(ledger, roots, verdict);
  check_cosignatures(ledger, checks, roots, verdict);
  for (const auto& [origin, heads] : checks.kept)
    for (const SignedHead& head : heads) {
      ++verdict.kept_heads;
      if (const std::string why = head_fault(head, ledger, roots, verdict.federation); !why.empty()) verdict.mismatches.push_back(origin + ": " + why);
    }
  if (checks.kept.empty()) verdict.open.push_back("no head that a site kept was given (--head): a ledger that was written anew as a whole, by whoever holds its key, would not be noticed");
  return verdict;
}

std::vector<std::string> model_digests(const Ledger& ledger) {
  std::vector<std::string> digests;
  for (std::size_t n = 0; n < ledger.entries.size(); ++n) {
    const LedgerEntry entry = parse_entry(ledger.entries[n], "entry " + std::to_string(n));
    const auto* run = std::get_if<RunEntry>(&entry);
    digests.push_back(run != nullptr ? run->model_digest : std::get<RoundEntry>(entry).result_digest);
  }
  return digests;
}

Json to_json(const LedgerVerdict& v) {
  return {{"schema", "consilium.ledger_verdict/1"}, {"holds", v.holds()}, {"federation", v.federation}, {"root", v.root}, {"model_digest", v.model_digest}, {"entries", v.entries}, {"heads", v.heads},
          {"kept_heads", v.kept_heads}, {"reports", v.reports}, {"models", v.models}, {"witnesses", v.witnesses}, {"least_witnesses", v.least_witnesses}, {"witnessed_entries", v.witnessed_entries}, {"damage", v.damage}, {"mismatches", v.mismatches}, {"open", v.open}};
}

}  // namespace consilium::fl
