#include "fl/ledger/ledger_book.h"

#include "base/error.h"
#include "base/text.h"
#include "fl/ledger/canonical.h"
#include "fl/ledger/entry.h"
#include "fl/unpredictable.h"
#include "fl/wall_clock.h"
#include "fl/x509.h"

namespace consilium::fl {
namespace {

constexpr const char* kTables =
    "CREATE TABLE IF NOT EXISTS ledger_key(number INTEGER PRIMARY KEY, key TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS ledger_entries(number INTEGER PRIMARY KEY, round INTEGER NOT NULL UNIQUE, leaf TEXT NOT NULL, entry TEXT NOT NULL, nonce TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS ledger_leaves ON ledger_entries(number, leaf);"
    "CREATE TABLE IF NOT EXISTS ledger_heads(size INTEGER PRIMARY KEY, head TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS ledger_cosignatures(size INTEGER NOT NULL, site TEXT NOT NULL, cosignature TEXT NOT NULL, PRIMARY KEY(size, site));";

std::vector<TreeHash> read_leaves(const Sqlite& database, std::uint64_t size) {
  std::vector<TreeHash> leaves;
  // By the index alone: every site asks in every round, and entries are forty times as long as their leaves.
  SqliteStatement rows(database, "SELECT leaf FROM ledger_entries INDEXED BY ledger_leaves WHERE number < ? ORDER BY number");
  rows.bind(static_cast<std::int64_t>(size));
  while (rows.step()) leaves.push_back(from_hex(rows.text(0), 32, "run.sqlite, ledger_entries"));
  return leaves;
}

std::int64_t count_of(const Sqlite& database) {
  SqliteStatement count(database, "SELECT COUNT(*) FROM ledger_entries");
  count.step();
  return count.integer(0);
}

ProvedEntry prove_entry(const Sqlite& database, std::int64_t round, const std::vector<TreeHash>& leaves) {
  SqliteStatement row(database, "SELECT number, entry FROM ledger_entries WHERE round = ?");
  row.bind(round);
  require(row.step() && row.integer(0) < static_cast<std::int64_t>(leaves.size()), ErrorCode::kNotFound, "the ledger has no entry of round " + std::to_string(round) + " at that size");
  const auto index = static_cast<std::uint64_t>(row.integer(0));
  return {index, row.text(1), inclusion_proof(leaves, index)};
}

}  // namespace

LedgerBook::LedgerBook(const Sqlite& database) : database_(database) { database.run(kTables); }

void LedgerBook::sign_with(SigningKey key, const LedgerKey& certified) {
  const auto known = read_ledger_key(database_);
  require(!known || known->key == certified.key, ErrorCode::kMismatch, "run.sqlite: this run's ledger is signed by another key; put its ledger.key back, or begin a run in another folder");
  key_.emplace(std::move(key));
  database_.transaction([&] {
    SqliteStatement(database_, "INSERT OR REPLACE INTO ledger_key VALUES(1, ?)").bind(canonical_text(to_json(certified))).step();
    catch_up();
    if (tree_.size() > 0 && !read_head(database_, tree_.size())) sign_head(certified.federation);
  });
}

void LedgerBook::record(const RunState& state, const std::string& model_digest, const Json& settings, const std::string& federation) {
  catch_up();
  const auto before = tree_.size();
  if (before == 0) append(kRunEntryRound, to_text(RunEntry{federation, settings, state.round, model_digest}), "");
  SqliteStatement last(database_, "SELECT MAX(round) FROM ledger_entries");
  last.step();
  // A run that had rounds before it had a ledger is entered from its next round on.
  if (before > 0 && !state.reports.empty() && state.reports.back().round > last.integer(0)) {
    const RoundReport& report = state.reports.back();
    const std::string nonce = unpredictable_bytes(32);
    RoundEntry entry = entry_of(report, settings, federation);
    entry.report_digest = report_digest(report, nonce);
    entry.previous_root = to_hexadecimal(tree_.root());
    append(report.round, to_text(entry), to_hexadecimal(nonce));
  }
  if (tree_.size() > before && key_) sign_head(federation);
}

void LedgerBook::append(std::int64_t round, const std::string& entry, const std::string& nonce) {
  const TreeHash leaf = leaf_hash(entry);
  SqliteStatement(database_, "INSERT INTO ledger_entries VALUES(?, ?, ?, ?, ?)").bind(static_cast<std::int64_t>(tree_.size())).bind(round).bind(to_hexadecimal(leaf)).bind(entry).bind(nonce).step();
  tree_.append(leaf);
}

/// The tree as the tables have it: after a start, and after a transaction that was rolled back.
void LedgerBook::catch_up() {
  const auto count = static_cast<std::uint64_t>(count_of(database_));
  if (count == tree_.size()) return;
  tree_ = {};
  for (TreeHash& leaf : read_leaves(database_, count)) tree_.append(std::move(leaf));
}

void LedgerBook::sign_head(const std::string& federation) {
  const SignedHead head = fl::sign_head({federation, tree_.size(), to_hexadecimal(tree_.root()), wall_seconds()}, *key_);
  SqliteStatement(database_, "INSERT INTO ledger_heads VALUES(?, ?)").bind(static_cast<std::int64_t>(tree_.size())).bind(canonical_text(to_json(head))).step();
}

std::optional<LedgerKey> read_ledger_key(const Sqlite& database) {
  SqliteStatement row(database, "SELECT key FROM ledger_key");
  if (!row.step()) return std::nullopt;
  return ledger_key_from_json(parse_canonical(row.text(0), "run.sqlite, ledger_key"), "run.sqlite, ledger_key");
}

std::optional<SignedHead> read_head(const Sqlite& database, std::uint64_t size) {
  SqliteStatement row(database, "SELECT head FROM ledger_heads WHERE size = ?");
  row.bind(static_cast<std::int64_t>(size));
  if (!row.step()) return std::nullopt;
  return head_from_json(parse_canonical(row.text(0), "run.sqlite, ledger_heads"), "run.sqlite, ledger_heads");
}

std::optional<SignedHead> read_newest_head(const Sqlite& database) {
  SqliteStatement row(database, "SELECT MAX(size) FROM ledger_heads");
  row.step();
  return read_head(database, static_cast<std::uint64_t>(row.integer(0)));
}

Ledger read_ledger(const Sqlite& database) {
  require(database.has_table("ledger_entries") && count_of(database) > 0, ErrorCode::kNotFound, kNoLedger);
  Ledger ledger;
  ledger.key = read_ledger_key(database);
  SqliteStatement entries(database, "SELECT entry FROM ledger_entries ORDER BY number");
  while (entries.step()) ledger.entries.push_back(entries.text(0));
  SqliteStatement heads(database, "SELECT head FROM ledger_heads ORDER BY size");
  while (heads.step()) ledger.heads.push_back(head_from_json(parse_canonical(heads.text(0), "run.sqlite, ledger_heads"), "run.sqlite, ledger_heads"));
  SqliteStatement signatures(database, "SELECT cosignature FROM ledger_cosignatures ORDER BY size, site");
  while (signatures.step()) ledger.cosignatures.push_back(cosignature_from_json(parse_canonical(signatures.text(0), "run.sqlite, ledger_cosignatures"), "run.sqlite, ledger_cosignatures"));
  return ledger;
}

std::map<std::int64_t, std::string> read_report_nonces(const Sqlite& database) {
  std::map<std::int64_t, std::string> nonces;
  SqliteStatement rows(database, "SELECT round, nonce FROM ledger_entries WHERE round >= 0");
  while (rows.step()) nonces[rows.integer(0)] = from_hex(rows.text(1), 32, "run.sqlite, ledger_entries.nonce");
  return nonces;
}

void add_cosignature(const Sqlite& database, const std::string& site, const CoSignature& signature) {
  SqliteStatement(database, "INSERT OR IGNORE INTO ledger_cosignatures VALUES(?, ?, ?)").bind(static_cast<std::int64_t>(signature.head.head.size)).bind(site).bind(canonical_text(to_json(signature))).step();
}

std::map<std::pair<std::int64_t, std::string>, std::string> read_commitments(const Sqlite& database) {
  std::map<std::pair<std::int64_t, std::string>, std::string> commitments;
  if (!database.has_table("ledger_entries")) return commitments;  // an old run, read without being gone on with
  SqliteStatement rows(database, "SELECT round, entry FROM ledger_entries WHERE round >= 0");
  while (rows.step()) {
    const LedgerEntry entry = parse_entry(rows.text(1), "run.sqlite, ledger_entries");
    const auto* round = std::get_if<RoundEntry>(&entry);
    require(round != nullptr, ErrorCode::kCorruptData, "run.sqlite, ledger_entries: an entry that is not of its round");
    for (const LedgerParticipant& p : round->participants)
      if (!p.commitment.empty()) commitments[{rows.integer(0), p.site}] = p.commitment;
  }
  return commitments;
}

LedgerProof prove(const Sqlite& database, const LedgerQuestion& question) {
  require(question.rounds.size() <= kMostProvedEntries, ErrorCode::kUsage, "a ledger proves at most " + std::to_string(kMostProvedEntries) + " entries at a time");
  const auto key = read_ledger_key(database);
  require(key.has_value(), ErrorCode::kNotFound, "nobody signs this ledger");
  LedgerProof proof{*key, {}, {}, {}};
  const std::vector<TreeHash> leaves = read_leaves(database, question.size);
  require(leaves.size() == question.size, ErrorCode::kNotFound, "the ledger has no " + std::to_string(question.size) + " entries");
  proof.consistency = consistency_proof(leaves, question.first);
  for (const std::int64_t round : question.rounds) proof.entries.push_back(prove_entry(database, round, leaves));
  SqliteStatement rows(database, "SELECT cosignature FROM ledger_cosignatures WHERE size >= ? ORDER BY size DESC, site LIMIT ?");
  rows.bind(static_cast<std::int64_t>(question.first)).bind(static_cast<std::int64_t>(kMostGossip));
  while (rows.step()) proof.cosignatures.push_back(cosignature_from_json(parse_canonical(rows.text(0), "run.sqlite, ledger_cosignatures"), "run.sqlite, ledger_cosignatures"));
  return proof;
}

}  // namespace consilium::fl
