#include "fl/encrypt/encryption_messages.h"

#include "base/error.h"
#include "fl/compress/bytes.h"
#include "fl/encrypt/encryption_settings.h"

namespace consilium::fl {
namespace {

constexpr std::size_t kDigestBytes = 32, kMostFieldBytes = 64 << 10, kMostNameBytes = 64;

void put_field(std::string& bytes, std::string_view field) {
  put(bytes, static_cast<std::uint32_t>(field.size()));
  bytes += field;
}

std::string take_field(ByteReader& reader, std::size_t most_bytes) {
  const auto size = reader.take<std::uint32_t>();
  require(size <= most_bytes, ErrorCode::kCorruptData, "a field of an encryption message is too long");
  return std::string(reader.take_bytes(size));
}

std::string digest_of_fields(std::string_view purpose, std::initializer_list<std::string_view> fields) {
  std::string bytes;
  for (const std::string_view field : fields) put_field(bytes, field);
  const Seed digest = derive_seed(purpose, bytes);
  return std::string(digest.begin(), digest.end());
}

void put_member(std::string& bytes, const EncryptionMember& member) {
  for (const std::string* field : {&member.certificate, &member.commitment, &member.signature}) put_field(bytes, *field);
  put(bytes, static_cast<std::uint32_t>(member.opened.size()));
  for (const std::string& site : member.opened) put_field(bytes, site);
}

EncryptionMember take_member(ByteReader& reader, const std::string& site) {
  EncryptionMember member{site, take_field(reader, kMostFieldBytes), take_field(reader, kDigestBytes), take_field(reader, kMostFieldBytes)};
  const auto opened = reader.take<std::uint32_t>();
  require(opened <= kMostEncryptingSites, ErrorCode::kCorruptData, "a site names too many sites");
  for (std::uint32_t n = 0; n < opened; ++n) member.opened.push_back(take_field(reader, kMostNameBytes));
  require(member.commitment.size() == kDigestBytes, ErrorCode::kCorruptData, "a commitment is not 32 bytes long");
  return member;
}

}  // namespace

std::string encode(const EncryptionStageBody& body) {
  std::string bytes;
  put_field(bytes, body.key);
  put(bytes, static_cast<std::uint32_t>(body.members.size()));
  for (const EncryptionMember& member : body.members) {
    put_field(bytes, member.site);
    put_member(bytes, member);
  }
  return bytes;
}

EncryptionStageBody parse_encryption_stage(std::string_view bytes) {
  ByteReader reader(bytes);
  EncryptionStageBody body{take_field(reader, kAttemptBytes)};
  require(body.key.size() == kAttemptBytes, ErrorCode::kCorruptData, "the name of a key is not 16 bytes long");
  const auto members = reader.take<std::uint32_t>();
  require(members <= kMostEncryptingSites, ErrorCode::kCorruptData, "an encryption stage names too many sites");
  for (std::uint32_t n = 0; n < members; ++n) {
    std::string site = take_field(reader, kMostNameBytes);
    require(body.members.empty() || body.members.back().site < site, ErrorCode::kCorruptData, "the sites of an encryption stage are not sorted, or one is named twice");
    body.members.push_back(take_member(reader, site));
  }
  reader.finish();
  return body;
}

std::string encode(const EncryptionMember& member) {
  std::string bytes;
  put_member(bytes, member);
  return bytes;
}

EncryptionMember parse_encryption_member(std::string_view bytes, const std::string& site) {
  ByteReader reader(bytes);
  EncryptionMember member = take_member(reader, site);
  reader.finish();
  return member;
}

std::size_t shown_bytes(const Ring& ring) { return kNonceBytes + 2 * ring.encoded_bytes(); }

std::string encode(const Ring& ring, const Shown& shown) {
  std::string bytes = shown.nonce;
  ring.encode(shown.public_share, bytes);
  ring.encode(shown.c1, bytes);
  return bytes;
}

Shown parse_shown(const Ring& ring, std::string_view bytes) {
  require(bytes.size() == shown_bytes(ring), ErrorCode::kCorruptData, "a share of a public key has " + std::to_string(bytes.size()) + " bytes, expected " + std::to_string(shown_bytes(ring)));
  return {std::string(bytes.substr(0, kNonceBytes)), ring.decode(bytes.substr(kNonceBytes, ring.encoded_bytes())), ring.decode(bytes.substr(kNonceBytes + ring.encoded_bytes()))};
}

std::string commitment_of(const std::string& site, std::string_view attempt, std::string_view shown) { return digest_of_fields("consilium encryption share", {site, attempt, shown}); }

std::string commit_statement(const AttemptContext& attempt, std::string_view key, const EncryptionMember& member) {
  std::string rest;
  for (const std::string_view part : {key, std::string_view(member.site), std::string_view(member.commitment)}) put_part(rest, part);
  return bound_bytes(attempt, "encryption commitment", rest);
}

std::string context_of(const AttemptContext& attempt, const EncryptionStageBody& body) {
  std::string members;
  for (const EncryptionMember& member : body.members)
    for (const std::string* part : {&member.site, &member.certificate, &member.commitment}) put_part(members, *part);
  return digest_of_fields("consilium encryption context", {bound_bytes(attempt, "encryption context"), body.key, members});
}

}  // namespace consilium::fl
