#include "fl/encrypt/encryption_settings.h"

#include <algorithm>
#include <cmath>

#include "fl/encrypt/encrypted_vector.h"
#include "fl/summed_fields.h"

namespace consilium::fl {

void read_encryption_settings(SettingsReader& reader, EncryptionSettings& s) {
  reader.field("least_sites", s.least_sites);
  reader.field("smudging_bits", s.smudging_bits);
  reader.field("key_rounds", s.key_rounds);
  read_summed_fields(reader, {s.clip, s.fraction_bits, s.most_cases, s.stage_seconds, s.metrics});
  const auto check = [&](bool good, const char* key, const char* expected) { require(good, ErrorCode::kUsage, reader.path() + "." + key + ": expected " + expected); };
  check(s.least_sites >= kFewestEncryptingSites && s.least_sites <= static_cast<std::int64_t>(kMostEncryptingSites), "least_sites", "3 to 1000");
  check(s.smudging_bits >= 40 && s.smudging_bits <= 80, "smudging_bits", "40 to 80");
  check(s.key_rounds >= 1 && s.key_rounds <= 1000000, "key_rounds", "1 to 1000000");
}

Json to_json(const EncryptionSettings& s) {
  return {{"least_sites", s.least_sites}, {"clip", s.clip}, {"fraction_bits", s.fraction_bits}, {"most_cases", s.most_cases}, {"smudging_bits", s.smudging_bits}, {"key_rounds", s.key_rounds}, {"stage_seconds", s.stage_seconds}, {"metrics", s.metrics}};
}

Slots slots_of(const EncryptionSettings& settings, std::size_t sites) {
  const int bits = slot_bits({.clip = std::max(1.0, settings.clip),  // scores and shares of cases lie in [0, 1]
                              .fraction_bits = static_cast<int>(settings.fraction_bits),
                              .most_weight = settings.most_cases,
                              .sites = static_cast<std::int64_t>(sites)});
  static const Ring kRing;
  return {.bits = bits, .per_message = OneTimeCipher::most_message_bits(kRing, static_cast<std::int64_t>(sites)) / bits};
}

void validate(const EncryptionSettings& settings, std::size_t asked, const std::string& path) {
  require(static_cast<std::int64_t>(asked) >= kFewestEncryptingSites && asked <= kMostEncryptingSites, ErrorCode::kUsage,
          path + ": needs 3 to 1000 sites in every round, found " + std::to_string(asked) + ": of two, each would read the other's update off the sum");
  require(settings.least_sites <= static_cast<std::int64_t>(asked), ErrorCode::kUsage, path + ".least_sites: is above the number of sites of a round");
  try {
    const Ring ring;
    VectorCipher(ring, {.sites = static_cast<std::int64_t>(asked), .values = 1, .slots = slots_of(settings, asked), .smudging_bits = static_cast<int>(settings.smudging_bits), .context = ""});
  } catch (const Error& error) {  // with the name of the field that is wrong
    throw Error(ErrorCode::kUsage, path + ": " + error.what());
  }
}

}  // namespace consilium::fl
