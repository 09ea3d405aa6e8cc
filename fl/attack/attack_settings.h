#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/settings.h"

namespace consilium::fl {

/// What a site that wants to harm a federation does. For an operator's own tests: `consilium attack`; no settings of a federation know it.
enum class AttackKind {
  kLabelFlip,   ///< trains on cases in which tumour and background have changed places
  kLabelShift,  ///< trains on cases whose classes are each one further
  kSignFlip,    ///< sends its honest update times -strength
  kScaling,     ///< model replacement: what it trained on flipped labels, times strength
  kGaussian,    ///< sends noise, strength times as long as an update
  kAlie,        ///< a little is enough: mean minus z deviations of what the attackers know
  kBackdoor,    ///< trains "no tumour" where a bright cube is; times strength
  kSybil,       ///< one attacker under several names: copies of one update times -strength, and a little noise
  kFreeRider,   ///< trains nothing: sends back how the model moved last, and a little noise
};
const std::vector<std::pair<std::string, AttackKind>>& attack_words();
std::string_view to_string(AttackKind kind);

struct AttackSettings {
  AttackKind kind = AttackKind::kSignFlip;
  double strength = 0;       ///< what the kind multiplies by (alie: z); 0: strength_of
  double noise = 0.1;        ///< sybil, free_rider: deviation of the noise, in root mean squares of what it is added to
  std::int64_t cases = 0;    ///< that each attacker claims; 0: as many as it has

  bool operator==(const AttackSettings&) const = default;
};

/// Keys are the field names. @throws Error{kUsage}
void read_attack_settings(SettingsReader& reader, AttackSettings& settings);
Json to_json(const AttackSettings& settings);

/// The strength that is meant: as set, else 5 for sign flips and Sybils, 50 for noise, the number of sites for scaling (so that the mean becomes the attacker's model), alie_z, and 1.
/// @throws Error{kUsage} as alie_z.
double strength_of(const AttackSettings& settings, std::size_t sites, std::size_t attackers);

/// The most deviations from the mean that still look like one of the honest updates: z with Phi(z) = (n - m - s) / (n - m), s = floor(n / 2 + 1) - m, for m attackers among n sites.
/// Not below 0. Source: Baruch et al. 2019 (A Little Is Enough, arXiv:1902.06156), section 3.
/// @throws Error{kUsage} not 1 <= attackers < sites / 2.
double alie_z(std::size_t sites, std::size_t attackers);

}  // namespace consilium::fl
