#pragma once

#include <string>
#include <vector>

#include "fl/encrypt/ring.h"
#include "fl/secure/attempt_context.h"
#include "fl/stage.h"

namespace consilium::fl {

inline constexpr const char* kEncryption = "encryption";
inline constexpr std::uint32_t kEncryptionVersion = 1;

/// What is asked of the sites, one after the other. Everybody commits himself before anybody shows: so nobody's part of the joint key, and of the sum that is opened, can depend on another's.
enum EncryptionStep : std::uint32_t {
  kCommit,   ///< trained? -> a commitment to what will be shown, signed
  kShow,     ///< who takes part -> Shown
  kEncrypt,  ///< Shown of all -> the encrypted update
  kOpen,     ///< all updates are there -> a share of the decryption
};

/// Of a site that takes part in an attempt.
struct EncryptionMember {
  std::string site;
  std::string certificate; ///< PEM; in a simulation a public key
  std::string commitment;  ///< 32 bytes
  std::string signature;   ///< of commit_statement
  std::vector<std::string> opened{};  ///< of whom it has helped to open a sum in this round before: it helps to open no other one
  bool operator==(const EncryptionMember&) const = default;
};

/// What a stage tells.
struct EncryptionStageBody {
  std::string key;  ///< 16 bytes, the name of the key: the same where a key is used again
  std::vector<EncryptionMember> members{};  ///< from kShow on
  bool operator==(const EncryptionStageBody&) const = default;
};
std::string encode(const EncryptionStageBody& body);
/// @throws Error{kCorruptData} ends early or late, a key or commitment of another length, more than 1000 members, members not sorted or twice the same.
EncryptionStageBody parse_encryption_stage(std::string_view bytes);

/// The answer to kCommit.
std::string encode(const EncryptionMember& member);
/// `site` is said by the connection. @throws Error{kCorruptData}
EncryptionMember parse_encryption_member(std::string_view bytes, const std::string& site);

/// What a site is committed to: its share of the public key, and the c1 under which its one-time key will be encrypted. 16 random bytes make every commitment another one.
struct Shown {
  std::string nonce;
  Polynomial public_share, c1;
};
inline constexpr std::size_t kNonceBytes = 16;
std::size_t shown_bytes(const Ring& ring);
std::string encode(const Ring& ring, const Shown& shown);
/// @throws Error{kCorruptData}
Shown parse_shown(const Ring& ring, std::string_view bytes);
std::string commitment_of(const std::string& site, std::string_view attempt, std::string_view shown);
/// What is signed with a commitment, so that it serves for this attempt only.
std::string commit_statement(const AttemptContext& attempt, std::string_view key, const EncryptionMember& member);
/// Digest of all that the members agree upon: another run, plan, round, key, site or commitment is another context.
std::string context_of(const AttemptContext& attempt, const EncryptionStageBody& body);

}  // namespace consilium::fl
