#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fl/secure/secret.h"

namespace consilium::fl {

inline constexpr const char* kSecureAggregationWord = "secure_aggregation";
inline constexpr std::uint32_t kSecureAggregationVersion = 1;
/// Steps of the protocol; the numbers of Stage.step.
enum class SecureStep : std::uint32_t { kAdvertise = 0, kShare = 1, kMask = 2, kConsistency = 3, kUnmask = 4 };
inline constexpr std::uint32_t kSecureSteps = 5;
std::string_view to_string(SecureStep step);

inline constexpr std::size_t kMostSecureSites = 10000;

/// "I am ready": the keys of one site for one attempt, signed by its certificate's key.
struct Advertisement {
  std::string name;
  std::string certificate;
  std::string cipher_key;        ///< X25519: shares on their way to it are sealed for this key
  std::string mask_key;          ///< X25519: the masks of pairs follow from it
  std::string seed_commitment;   ///< SHA-256 of the seed of its own mask: who gives wrong shares of it is found out
  std::vector<std::string> opened;  ///< the set of sites whose sum it has helped to open in this round before; it helps to open no other one
  std::string signature;
  bool operator==(const Advertisement&) const = default;
};
/// Of an advertisement: all but the certificate and the signature.
std::string advertised_bytes(const Advertisement& advertisement);

/// Something from, or for, the site of that number: sites are numbered in the order of their names among those who advertised.
struct Numbered {
  std::uint32_t site = 0;
  std::string bytes;
  bool operator==(const Numbered&) const = default;
};
struct NumberedShare {
  std::uint32_t site = 0;
  Secret32 share;
  bool operator==(const NumberedShare&) const = default;
};

/// For every number of the advertisements, whether it belongs to the set.
using SiteSet = std::vector<bool>;
std::size_t count_of(const SiteSet& set);

/// kMask: who has sent shares, and what they sealed for this site.
struct MaskStage {
  SiteSet sharers;
  std::vector<Numbered> sealed;
};

// Bodies of stages and answers. Parsing: @throws Error{kCorruptData} what is not of this form: lengths, counts, numbers out of range or order, bytes left over.
std::string encode(const Advertisement& advertisement);
Advertisement parse_advertisement(std::string_view bytes);
std::string encode(const std::vector<Advertisement>& advertisements);
std::vector<Advertisement> parse_advertisements(std::string_view bytes);
std::string encode(const std::vector<Numbered>& list);
/// Numbers rise, and are below `sites`; each text has at most `most_bytes`.
std::vector<Numbered> parse_numbered(std::string_view bytes, std::size_t sites, std::size_t most_bytes);
std::string encode(const MaskStage& stage);
MaskStage parse_mask_stage(std::string_view bytes, std::size_t sites);
std::string encode(const SiteSet& set);
SiteSet parse_site_set(std::string_view bytes, std::size_t sites);
std::string encode(const std::vector<NumberedShare>& shares);
std::vector<NumberedShare> parse_shares(std::string_view bytes, std::size_t sites);

inline constexpr std::size_t kMostSealedShareBytes = 512, kMostSignatureBytes = 512;

}  // namespace consilium::fl
