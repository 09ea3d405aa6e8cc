#include "fl/wire/messages.h"

#include <cmath>

#include "base/error.h"
#include "base/text.h"

namespace consilium::fl {
namespace {

constexpr std::int64_t kMostRounds = 1000001;
constexpr std::size_t kMostTaskBytes = 1 << 20, kMostEntries = 4096, kMostNameBytes = 256, kMostCompressionBytes = 4096, kMostReasonBytes = 4096;

void require_hexadecimal(const std::string& digest, std::size_t digits, const std::string& origin) {
  require(digest.size() == digits && digest.find_first_not_of("0123456789abcdef") == std::string::npos, ErrorCode::kCorruptData, origin + ": a digest that is not " + std::to_string(digits) + " hexadecimal digits");
}

void require_name(const std::string& name, const std::string& origin) {
  require(!name.empty() && name.size() <= kMostNameBytes, ErrorCode::kCorruptData, origin + ": a name of " + std::to_string(name.size()) + " bytes");
}

CompressionSettings compression_from(const std::string& text, const std::string& origin) {
  CompressionSettings settings;
  if (text.empty()) return settings;
  require(text.size() <= kMostCompressionBytes, ErrorCode::kCorruptData, origin + ": compression settings of " + std::to_string(text.size()) + " bytes");
  const Json json = parse_json(text, origin + ".compression", ErrorCode::kCorruptData);
  try {
    SettingsReader reader(json, origin + ".compression");
    read_compression_settings(reader, settings);
    reader.finish();
  } catch (const Error& error) {  // the adapter: what is a mistake in a settings file is damage here
    throw Error(ErrorCode::kCorruptData, error.what());
  }
  return settings;
}

Codec codec_from(const std::string& word, const std::string& origin) {
  if (word.empty()) return Codec::kNone;
  for (const Codec codec : codecs())
    if (to_string(codec) == word) return codec;
  throw Error(ErrorCode::kCorruptData, origin + ": a codec that is not known here");
}

}  // namespace

void to_manifest(const ChunkList& list, pb::Manifest& message) {
  message.set_size_bytes(list.size_bytes);
  message.set_chunk_bytes(list.chunk_bytes);
  for (const std::string& hash : list.hashes) message.add_chunk_sha256(hash);
}

ChunkList from_manifest(const pb::Manifest& message, std::uint64_t limit_bytes, const std::string& origin) {
  // The number of hashes is bounded by the length of a gRPC message; it is compared with the size before anything is copied.
  require(message.size_bytes() <= limit_bytes && static_cast<std::uint64_t>(message.chunk_sha256_size()) <= limit_bytes / kFewestChunkBytes + 1, ErrorCode::kCorruptData, origin + ": announces more bytes than are allowed");
  ChunkList list{message.size_bytes(), {message.chunk_sha256().begin(), message.chunk_sha256().end()}, message.chunk_bytes()};
  validate(list, limit_bytes, origin);
  return list;
}

pb::Announcement to_message(const Announced& a) {
  pb::Announcement message;
  message.set_round(a.plan.round);
  message.set_rounds(a.plan.rounds);
  message.set_base_digest(a.plan.base_digest);
  message.set_task(a.plan.task);
  message.set_finished(a.finished);
  message.set_best_round(a.best_round);
  message.set_federation(a.federation);
  message.set_idle(a.idle);
  if (a.plan.compression.codec != Codec::kNone) message.set_compression(to_json(a.plan.compression).dump());
  to_manifest(a.model, *message.mutable_model());
  return message;
}

Announced from_message(const pb::Announcement& message) {
  const std::string origin = "announcement";
  Announced a;
  a.plan = {message.round(), message.rounds(), message.base_digest(), message.task(), {}};
  a.finished = message.finished();
  a.best_round = message.best_round();
  require(a.plan.rounds >= 0 && a.plan.rounds < kMostRounds && a.plan.round >= 0 && a.plan.round <= a.plan.rounds + 1, ErrorCode::kCorruptData, origin + ": round " + std::to_string(a.plan.round) + " of " + std::to_string(a.plan.rounds));
  require(a.best_round >= 0 && a.best_round <= a.plan.rounds, ErrorCode::kCorruptData, origin + ": the best of " + std::to_string(a.plan.rounds) + " rounds is number " + std::to_string(a.best_round));
  require(a.plan.task.size() <= kMostTaskBytes, ErrorCode::kCorruptData, origin + ": a task of " + std::to_string(a.plan.task.size()) + " bytes");
  a.plan.compression = compression_from(message.compression(), origin);
  require_hexadecimal(a.plan.base_digest, 64, origin);
  a.federation = message.federation();
  a.idle = message.idle();
  require_hexadecimal(a.federation, 32, origin);
  a.model = from_manifest(message.model(), kMostBytes, origin);
  return a;
}

pb::UpdateOffer to_message(const Update& update, const ChunkList& delta, Codec codec) {
  pb::UpdateOffer message;
  message.set_round(update.round);
  message.set_base_digest(update.base_digest);
  for (const auto& [group, cases] : update.cases_per_group) (*message.mutable_cases_per_group())[group] = cases;
  message.set_validation_score(update.validation.score);
  message.set_validation_cases(update.validation.cases);
  if (update.validation.weight != 1) message.set_validation_weight(update.validation.weight);
  for (const auto& [name, value] : update.metrics) (*message.mutable_metrics())[name] = value;
  message.set_step_norm(update.step_norm);
  to_manifest(delta, *message.mutable_delta());
  if (codec != Codec::kNone) message.set_codec(std::string(to_string(codec)));
  return message;
}

Offer from_message(const pb::UpdateOffer& message, std::uint64_t limit_bytes) {
  const std::string origin = "update";
  Offer offer;
  Update& u = offer.update;
  u.round = message.round();
  require(u.round >= 0 && u.round <= kMostRounds, ErrorCode::kCorruptData, origin + ": round " + std::to_string(u.round));
  u.base_digest = message.base_digest();
  require_hexadecimal(u.base_digest, 64, origin);
  require(message.cases_per_group_size() <= static_cast<int>(kMostEntries) && message.metrics_size() <= static_cast<int>(kMostEntries), ErrorCode::kCorruptData, origin + ": too many groups or metrics");
  for (const auto& [group, cases] : message.cases_per_group()) {
    require_name(group, origin);
    u.cases_per_group[group] = cases;
  }
  for (const auto& [name, value] : message.metrics()) {
    require_name(name, origin);
    require(std::isfinite(value), ErrorCode::kCorruptData, origin + ": metric " + name + " is not finite");
    u.metrics[name] = value;
  }
  u.validation = {message.validation_score(), message.validation_cases(), message.has_validation_weight() ? message.validation_weight() : 1};
  u.step_norm = message.step_norm();
  offer.delta = from_manifest(message.delta(), limit_bytes, origin);
  offer.codec = codec_from(message.codec(), origin);
  return offer;
}

pb::Receipt to_message(const Receipt& receipt) {
  pb::Receipt message;
  switch (receipt.kind) {
    case ReceiptKind::kAccepted: message.set_kind(pb::Receipt::KIND_ACCEPTED); break;
    case ReceiptKind::kDuplicate: message.set_kind(pb::Receipt::KIND_DUPLICATE); break;
    case ReceiptKind::kStale: message.set_kind(pb::Receipt::KIND_STALE); break;
    case ReceiptKind::kRejected: message.set_kind(pb::Receipt::KIND_REJECTED); break;
  }
  message.set_reason(printable(receipt.reason, kMostReasonBytes));  // protobuf takes sound UTF-8 only, and a reason may quote a site's bytes
  return message;
}

Receipt from_message(const pb::Receipt& message) {
  require(message.reason().size() <= kMostReasonBytes, ErrorCode::kCorruptData, "receipt: a reason of " + std::to_string(message.reason().size()) + " bytes");
  switch (message.kind()) {
    case pb::Receipt::KIND_ACCEPTED: return {ReceiptKind::kAccepted, message.reason()};
    case pb::Receipt::KIND_DUPLICATE: return {ReceiptKind::kDuplicate, message.reason()};
    case pb::Receipt::KIND_STALE: return {ReceiptKind::kStale, message.reason()};
    case pb::Receipt::KIND_REJECTED: return {ReceiptKind::kRejected, message.reason()};
    default: throw Error(ErrorCode::kCorruptData, "receipt: of an unknown kind");
  }
}

}  // namespace consilium::fl
