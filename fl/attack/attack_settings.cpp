#include "fl/attack/attack_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fl/update.h"

namespace consilium::fl {
namespace {

/// Phi^-1 by bisection: as exact as erfc is, and called once per run.
double normal_quantile(double probability) {
  double low = -40, high = 40;
  for (int n = 0; n < 200; ++n) {
    const double middle = (low + high) / 2;
    (0.5 * std::erfc(-middle / std::sqrt(2.0)) < probability ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace

const std::vector<std::pair<std::string, AttackKind>>& attack_words() {
  static const std::vector<std::pair<std::string, AttackKind>> kWords{{"label_flip", AttackKind::kLabelFlip}, {"label_shift", AttackKind::kLabelShift}, {"sign_flip", AttackKind::kSignFlip},
                                                                      {"scaling", AttackKind::kScaling},      {"gaussian", AttackKind::kGaussian},      {"alie", AttackKind::kAlie},
                                                                      {"backdoor", AttackKind::kBackdoor},    {"sybil", AttackKind::kSybil},            {"free_rider", AttackKind::kFreeRider}};
  return kWords;
}

std::string_view to_string(AttackKind kind) {
  for (const auto& [word, value] : attack_words())
    if (value == kind) return word;
  return "";
}

void read_attack_settings(SettingsReader& reader, AttackSettings& s) {
  reader.choice("kind", s.kind, attack_words());
  reader.field("strength", s.strength);
  reader.field("noise", s.noise);
  reader.field("cases", s.cases);
  reader.finish();
  const auto check = [&](bool good, const char* key, const char* expected) { require(good, ErrorCode::kUsage, reader.path() + "." + key + ": expected " + expected); };
  check(s.strength >= 0 && s.strength <= 1e6, "strength", "0 (the kind's own) to 1000000");
  check(s.noise >= 0 && s.noise <= 1e6, "noise", "0 to 1000000");
  check(s.cases >= 0 && s.cases <= kMostCases, "cases", "0 (those there are) to 1000000");
}

Json to_json(const AttackSettings& s) { return {{"kind", to_string(s.kind)}, {"strength", s.strength}, {"noise", s.noise}, {"cases", s.cases}}; }

double strength_of(const AttackSettings& s, std::size_t sites, std::size_t attackers) {
  if (s.strength > 0) return s.strength;
  switch (s.kind) {
    case AttackKind::kSignFlip:
    case AttackKind::kSybil: return 5;
    case AttackKind::kGaussian: return 50;
    case AttackKind::kScaling: return static_cast<double>(sites);
    case AttackKind::kAlie: return alie_z(sites, attackers);
    default: return 1;
  }
}

double alie_z(std::size_t sites, std::size_t attackers) {
  require(attackers >= 1 && 2 * attackers < sites, ErrorCode::kUsage, fmt::format("alie: {} attackers among {} sites; the attack is made for fewer than half", attackers, sites));
  const double honest = static_cast<double>(sites - attackers), supporters = static_cast<double>(sites / 2 + 1 - attackers);
  return std::max(0.0, normal_quantile((honest - supporters) / honest));
}

}  // namespace consilium::fl
