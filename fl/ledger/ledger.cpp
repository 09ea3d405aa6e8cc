#include "fl/ledger/ledger.h"

#include "base/error.h"
#include "base/files.h"
#include "fl/ledger/canonical.h"

namespace consilium::fl {
namespace {

constexpr const char* kSchema = "consilium.ledger/1";

std::string line(const char* kind, const Json& value) { return canonical_text({{kind, value}}) + "\n"; }

Json to_json(const LedgerCounts& counts) { return {{"schema", kSchema}, {"entries", counts.entries}, {"heads", counts.heads}, {"cosignatures", counts.cosignatures}}; }
LedgerCounts counts_of(const Ledger& ledger) { return {ledger.entries.size(), ledger.heads.size(), ledger.cosignatures.size()}; }

/// Calls `take` with each line; the last byte of `text` ends one.
void each_line(std::string_view text, const std::string& origin, const std::function<void(std::string_view, const std::string&)>& take) {
  std::size_t number = 0;
  while (!text.empty()) {
    const std::string where = origin + ", line " + std::to_string(++number);
    const std::size_t end = text.find('\n');
    require(end != std::string_view::npos, ErrorCode::kCorruptData, where + ": is cut off");
    take(text.substr(0, end), where);
    text.remove_prefix(end + 1);
  }
}

}  // namespace

std::vector<TreeHash> leaf_hashes(const std::vector<std::string>& entries) {
  std::vector<TreeHash> leaves;
  leaves.reserve(entries.size());
  for (const std::string& entry : entries) leaves.push_back(leaf_hash(entry));
  return leaves;
}

std::string to_text(const Ledger& ledger) {
  std::string text;
  if (ledger.key) text += line("key", to_json(*ledger.key));
  for (const std::string& entry : ledger.entries) text += "{\"entry\":" + entry + "}\n";  // canonical already
  for (const SignedHead& head : ledger.heads) text += line("head", to_json(head));
  for (const CoSignature& signature : ledger.cosignatures) text += line("cosignature", to_json(signature));
  return text + last_line(counts_of(ledger));
}

std::string last_line(const LedgerCounts& counts) { return line("end", to_json(counts)); }

Ledger parse_ledger(std::string_view text, const std::string& origin) {
  Ledger ledger;
  int part = 0;  // of the file: parts do not go back
  bool ended = false;
  each_line(text, origin, [&](std::string_view bytes, const std::string& where) {
    const Json json = parse_canonical(bytes, where);
    require(!ended && json.is_object() && json.size() == 1, ErrorCode::kCorruptData, where + ": is no line of a ledger");
    const std::string kind = json.begin().key();
    const Json& value = json.begin().value();
    const int now = kind == "key" ? 1 : kind == "entry" ? 2 : kind == "head" ? 3 : kind == "cosignature" ? 4 : kind == "end" ? 5 : 0;
    require(now >= part && now > 0 && !(now == 1 && ledger.key), ErrorCode::kCorruptData, where + ": is no line of a ledger, or not in its place");
    part = now;
    if (kind == "key") ledger.key = ledger_key_from_json(value, where);
    if (kind == "entry") ledger.entries.push_back(canonical_text(value));
    if (kind == "head") ledger.heads.push_back(head_from_json(value, where));
    if (kind == "cosignature") ledger.cosignatures.push_back(cosignature_from_json(value, where));
    if (kind == "end") {
      require(value == to_json(counts_of(ledger)), ErrorCode::kCorruptData, where + ": lines are missing, or there are more than it counts");
      ended = true;
    }
  });
  require(ended, ErrorCode::kCorruptData, origin + ": has no last line: it is cut off, or no ledger");
  return ledger;
}

Ledger read_ledger_file(const fs::path& file) { return parse_ledger(read_file(file, kMostLedgerBytes), file.string()); }

std::vector<SignedHead> read_heads(const fs::path& file) {
  std::string text = read_file(file, kMostLedgerBytes);
  text.resize(text.rfind('\n') + 1);
  std::vector<SignedHead> heads;
  each_line(text, file.string(), [&](std::string_view bytes, const std::string& where) { heads.push_back(head_from_json(parse_canonical(bytes, where), where)); });
  return heads;
}

}  // namespace consilium::fl
