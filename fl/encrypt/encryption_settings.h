#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/settings.h"

namespace consilium::fl {

struct Slots;

/// What the plan says of homomorphic encryption (docs/cryptography.md). Every site reads it, and judges it, before it answers.
struct EncryptionSettings {
  std::int64_t least_sites = 3;     ///< whose sum is opened; each of them sees to it that there are as many
  double clip = 4;                  ///< largest magnitude of a value of an update; what is beyond is cut off, and its share reported
  std::int64_t fraction_bits = 20;  ///< a value is sent as a multiple of 2^-fraction_bits
  std::int64_t most_cases = 100000; ///< that a site may count for a group
  std::int64_t smudging_bits = 80;  ///< how well a share of a decryption hides the key: 40 to 80
  std::int64_t key_rounds = 1;      ///< rounds for which a key may serve, as long as the same sites take part; 1: each attempt has its own
  double stage_seconds = 60;        ///< for a step without a large file; the encrypted update has deadline_seconds
  std::vector<std::string> metrics{"loss"};  ///< of the sites' words about their training, those whose mean is told: the others stay at the site

  bool operator==(const EncryptionSettings&) const = default;
};

/// JSON keys are the field names. @throws Error{kUsage} naming the field: a value out of range, a name of a metric that is no word.
void read_encryption_settings(SettingsReader& reader, EncryptionSettings& settings);
Json to_json(const EncryptionSettings& settings);

/// Fewer have nothing to hide among: of two, each reads the other's update off the sum.
inline constexpr std::int64_t kFewestEncryptingSites = 3;
inline constexpr std::size_t kMostEncryptingSites = 1000;

/// How the numbers of so many sites' updates lie in a message. @throws Error{kRefused} their sums pass every slot.
Slots slots_of(const EncryptionSettings& settings, std::size_t sites);

/// @throws Error{kUsage} naming the field below `path`: too few or too many sites, sums that fit no slot, noise that the modulus cannot hold.
void validate(const EncryptionSettings& settings, std::size_t asked, const std::string& path);

}  // namespace consilium::fl
