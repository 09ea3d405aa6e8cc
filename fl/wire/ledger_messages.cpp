#include "fl/wire/ledger_messages.h"

#include <limits>

#include "base/error.h"
#include "fl/ledger/canonical.h"

namespace consilium::fl {
namespace {

constexpr int kMostHashes = 128;  ///< a proof over 2^63 entries has no more

std::vector<TreeHash> hashes_from(const google::protobuf::RepeatedPtrField<std::string>& field, const std::string& origin) {
  require(field.size() <= kMostHashes, ErrorCode::kCorruptData, origin + ": a proof of " + std::to_string(field.size()) + " hashes");
  for (const std::string& hash : field) require(hash.size() == 32, ErrorCode::kCorruptData, origin + ": a hash of " + std::to_string(hash.size()) + " bytes");
  return {field.begin(), field.end()};
}

}  // namespace

v1::LedgerQuestion to_message(const LedgerQuestion& question) {
  v1::LedgerQuestion message;
  message.set_first_size(question.first);
  message.set_size(question.size);
  for (const std::int64_t round : question.rounds) message.add_entry_round(round);
  return message;
}

v1::LedgerProof to_message(const LedgerProof& proof) {
  v1::LedgerProof message;
  message.set_key(canonical_text(to_json(proof.key)));
  for (const TreeHash& hash : proof.consistency) message.add_consistency(hash);
  for (const ProvedEntry& entry : proof.entries) {
    v1::ProvedEntry& proved = *message.add_entry();
    proved.set_index(entry.index);
    proved.set_text(entry.text);
    for (const TreeHash& hash : entry.path) proved.add_path(hash);
  }
  for (const CoSignature& signature : proof.cosignatures) message.add_cosignature(canonical_text(to_json(signature)));
  return message;
}

LedgerQuestion from_message(const v1::LedgerQuestion& message) {
  require(message.size() <= static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max()) && message.entry_round_size() <= static_cast<int>(kMostProvedEntries), ErrorCode::kCorruptData, "question: asks for more than a ledger has");
  return {message.first_size(), message.size(), {message.entry_round().begin(), message.entry_round().end()}};
}

LedgerProof from_message(const v1::LedgerProof& message) {
  const std::string origin = "the ledger's proof";
  require(message.entry_size() <= static_cast<int>(kMostProvedEntries) && message.cosignature_size() <= static_cast<int>(kMostGossip), ErrorCode::kCorruptData, origin + ": more than was asked for");
  LedgerProof proof{ledger_key_from_json(parse_canonical(message.key(), origin + ".key"), origin + ".key"), hashes_from(message.consistency(), origin), {}, {}};
  for (const v1::ProvedEntry& entry : message.entry()) proof.entries.push_back({entry.index(), entry.text(), hashes_from(entry.path(), origin)});
  for (const std::string& text : message.cosignature()) proof.cosignatures.push_back(cosignature_from_json(parse_canonical(text, origin + ".cosignature"), origin + ".cosignature"));
  return proof;
}

}  // namespace consilium::fl
