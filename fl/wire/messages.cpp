#include "fl/wire/messages.h"

#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "fl/duplicate_cases.h"
#include "fl/ledger/commitment.h"

namespace consilium::fl {
namespace {

constexpr std::int64_t kMostRounds = 1000001;
constexpr std::size_t kMostTaskBytes = 1 << 20, kMostEntries = 4096, kMostNameBytes = 256, kMostCompressionBytes = 4096, kMostProtectionBytes = 16384, kMostReasonBytes = 4096, kMostHeadBytes = 4096;

void require_hexadecimal(const std::string& digest, std::size_t digits, const std::string& origin) {
  require(digest.size() == digits && digest.find_first_not_of("0123456789abcdef") == std::string::npos, ErrorCode::kCorruptData, origin + ": a digest that is not " + std::to_string(digits) + " hexadecimal digits");
}

void require_name(const std::string& name, const std::string& origin) {
  require(!name.empty() && name.size() <= kMostNameBytes, ErrorCode::kCorruptData, origin + ": a name of " + std::to_string(name.size()) + " bytes");
}

/// Settings that travel as JSON text; empty text: the defaults.
template <typename Settings>
Settings settings_from(const std::string& text, std::size_t most_bytes, const std::string& origin, void (*read)(SettingsReader&, Settings&)) {
  Settings settings;
  if (text.empty()) return settings;
  require(text.size() <= most_bytes, ErrorCode::kCorruptData, origin + ": settings of " + std::to_string(text.size()) + " bytes");
  const Json json = parse_json(text, origin, ErrorCode::kCorruptData);
  try {
    SettingsReader reader(json, origin);
    read(reader, settings);
    reader.finish();
  } catch (const Error& error) {  // the adapter: what is a mistake in a settings file is damage here
    throw Error(ErrorCode::kCorruptData, error.what());
  }
  return settings;
}

/// The words that a stage and its answer begin with.
template <typename Message>
void require_stage(const Message& message, std::size_t most_body_bytes, const std::string& origin) {
  require(!message.protocol().empty() && message.protocol().size() <= 64, ErrorCode::kCorruptData, origin + ": no name of a protocol");
  require(message.attempt().size() == kAttemptBytes, ErrorCode::kCorruptData, origin + ": an attempt of " + std::to_string(message.attempt().size()) + " bytes");
  require(message.step() < kMostStages, ErrorCode::kCorruptData, origin + ": step " + std::to_string(message.step()));
  require(message.body().size() <= most_body_bytes, ErrorCode::kCorruptData, origin + ": a body of " + std::to_string(message.body().size()) + " bytes");
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
  message.set_ledger(a.ledger);
  if (a.plan.compression.codec != Codec::kNone) message.set_compression(to_json(a.plan.compression).dump());
  to_manifest(a.model, *message.mutable_model());
  if (a.plan.protection != ProtectionSettings{}) message.set_protection(to_json(a.plan.protection).dump());
  if (a.stage) {
    pb::Stage& stage = *message.mutable_stage();
    stage.set_protocol(a.stage->protocol);
    stage.set_version(a.stage->version);
    stage.set_attempt(a.stage->attempt);
    stage.set_step(a.stage->step);
    stage.set_body(a.stage->body);
    if (a.stage_file.size_bytes > 0) to_manifest(a.stage_file, *stage.mutable_file());
  }
  return message;
}

pb::StageAnswer to_message(const StageAnswer& answer, const ChunkList& file) {
  pb::StageAnswer message;
  message.set_round(answer.round);
  message.set_protocol(answer.protocol);
  message.set_version(answer.version);
  message.set_attempt(answer.attempt);
  message.set_step(answer.step);
  message.set_body(answer.body);
  message.set_declined(printable(answer.declined, kMostReasonBytes));
  if (file.size_bytes > 0) to_manifest(file, *message.mutable_file());
  return message;
}

StageAnswer from_message(const pb::StageAnswer& message) {
  const std::string origin = "answer to a stage";
  require(message.round() >= 0 && message.round() <= kMostRounds, ErrorCode::kCorruptData, origin + ": round " + std::to_string(message.round()));
  require_stage(message, kMostAnswerBytes, origin);
  require(message.declined().size() <= kMostReasonBytes, ErrorCode::kCorruptData, origin + ": a reason of " + std::to_string(message.declined().size()) + " bytes");
  return {message.round(), message.protocol(), message.version(), message.attempt(), message.step(), message.body(), {}, message.declined()};
}

ChunkList file_of(const pb::StageAnswer& message, std::uint64_t limit_bytes) {
  return message.has_file() ? from_manifest(message.file(), limit_bytes, "answer to a stage") : ChunkList{};
}

Announced from_message(const pb::Announcement& message) {
  const std::string origin = "announcement";
  Announced a;
  a.plan = {message.round(), message.rounds(), message.base_digest(), message.task(), {}, {}};
  a.finished = message.finished();
  a.best_round = message.best_round();
  require(a.plan.rounds >= 0 && a.plan.rounds < kMostRounds && a.plan.round >= 0 && a.plan.round <= a.plan.rounds + 1, ErrorCode::kCorruptData, origin + ": round " + std::to_string(a.plan.round) + " of " + std::to_string(a.plan.rounds));
  require(a.best_round >= 0 && a.best_round <= a.plan.rounds, ErrorCode::kCorruptData, origin + ": the best of " + std::to_string(a.plan.rounds) + " rounds is number " + std::to_string(a.best_round));
  require(a.plan.task.size() <= kMostTaskBytes, ErrorCode::kCorruptData, origin + ": a task of " + std::to_string(a.plan.task.size()) + " bytes");
  a.plan.compression = settings_from(message.compression(), kMostCompressionBytes, origin + ".compression", read_compression_settings);
  a.plan.protection = settings_from(message.protection(), kMostProtectionBytes, origin + ".protection", read_protection_settings);
  require_hexadecimal(a.plan.base_digest, 64, origin);
  a.federation = message.federation();
  a.idle = message.idle();
  require(message.ledger().size() <= kMostHeadBytes, ErrorCode::kCorruptData, origin + ": a ledger's head of " + std::to_string(message.ledger().size()) + " bytes");
  a.ledger = message.ledger();
  require_hexadecimal(a.federation, 32, origin);
  a.model = from_manifest(message.model(), kMostBytes, origin);
  if (message.has_stage()) {
    const pb::Stage& stage = message.stage();
    require_stage(stage, kMostStageBytes, origin + ".stage");
    a.stage = RoundStage{stage.protocol(), stage.version(), stage.attempt(), stage.step(), stage.body()};
    if (stage.has_file()) a.stage_file = from_manifest(stage.file(), kMostBytes, origin + ".stage.file");
  }
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
  message.set_nonce(update.nonce);
  for (const std::string& digest : update.case_digests) message.add_case_digest(digest);
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
  require(message.case_digest_size() <= static_cast<int>(kMostCaseDigests), ErrorCode::kCorruptData, origin + ": digests of " + std::to_string(message.case_digest_size()) + " cases");
  for (const std::string& digest : message.case_digest()) require(digest.size() == kCaseDigestBytes, ErrorCode::kCorruptData, origin + ": a case's digest of " + std::to_string(digest.size()) + " bytes");
  u.case_digests = {message.case_digest().begin(), message.case_digest().end()};
  u.nonce = message.nonce();
  require(u.nonce.empty() || u.nonce.size() == kNonceBytes, ErrorCode::kCorruptData, origin + ": a nonce of " + std::to_string(u.nonce.size()) + " bytes");
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
