#include "fl/compress/composition.h"

#include <array>

#include "base/error.h"

namespace consilium::fl {
namespace {

using Use = ErrorFeedbackUse;

constexpr std::array<CodecTraits, 8> kTraits{{{Codec::kNone, Use::kNever, false, false},
                                              {Codec::kBf16, Use::kOptional, false, false},
                                              {Codec::kInt8, Use::kOptional, false, false},
                                              {Codec::kStochastic, Use::kNever, false, true},
                                              {Codec::kTopK, Use::kAlways, true, false},
                                              {Codec::kSign, Use::kAlways, false, false},
                                              {Codec::kPowerSgd, Use::kAlways, true, true},
                                              {Codec::kRotation, Use::kNever, false, true}}};

constexpr std::array kRules{AggregationRule::kFedAvg,    AggregationRule::kFedAvgM,  AggregationRule::kFedAdagrad,
                            AggregationRule::kFedAdam,   AggregationRule::kFedYogi,  AggregationRule::kFedCostWAvg,
                            AggregationRule::kFedPidAvg, AggregationRule::kScaffold, AggregationRule::kFedNova,
                            AggregationRule::kQFedAvg,   AggregationRule::kNormBound, AggregationRule::kMedian,
                            AggregationRule::kTrimmedMean, AggregationRule::kKrum,  AggregationRule::kMultiKrum,
                            AggregationRule::kBulyan,    AggregationRule::kGeometricMedian, AggregationRule::kFlTrust,
                            AggregationRule::kFoolsGold};
constexpr std::array kProtections{Protection::kSecureAggregation, Protection::kGroupedSecureAggregation,
                                  Protection::kHomomorphicEncryption, Protection::kDifferentialPrivacy, Protection::kGroupOwners};

/// Masked or encrypted numbers can only be added: every site's integers must mean the same.
std::string_view obstacle_to_adding(Codec codec) {
  switch (codec) {
    case Codec::kNone:
      return "";
    case Codec::kBf16:
      return "floating-point numbers cannot be added behind a mask";
    case Codec::kInt8:
    case Codec::kStochastic:
    case Codec::kSign:
      return "each site has scales of its own, so that the integers of two sites do not add up";
    case Codec::kTopK:
      return "each site sends other places, and the places themselves would be seen";
    case Codec::kPowerSgd:
      return "each site has a Q of its own, so that factors do not add up";
    default:
      return "each site has a rotation and scales of its own, so that codes do not add up";
  }
}

std::string_view name_of(Protection protection) {
  switch (protection) {
    case Protection::kSecureAggregation:
      return "secure aggregation";
    case Protection::kGroupedSecureAggregation:
      return "secure aggregation in groups";
    case Protection::kHomomorphicEncryption:
      return "homomorphic encryption";
    case Protection::kGroupOwners:
      return "a least number of owners";
    default:
      return "differential privacy";
  }
}

/// Of a robust rule, where the means of groups of sites are seen.
std::string_view obstacle_to_groups(AggregationRule rule) {
  switch (rule) {
    case AggregationRule::kFlTrust:
      return "the update of its trusted site is hidden in a group";
    case AggregationRule::kFoolsGold:
      return "it follows each site over the rounds, and groups are drawn anew in every one";
    default:
      return "";  // they compare the groups' means
  }
}

bool takes_the_mean(AggregationRule rule) {
  return rule == AggregationRule::kFedAvg || rule == AggregationRule::kFedAvgM || rule == AggregationRule::kFedAdagrad || rule == AggregationRule::kFedAdam || rule == AggregationRule::kFedYogi;
}

void refuse_if(std::string_view obstacle, const CompressionSettings& settings, std::string_view partner,
               const std::string& path) {
  require(obstacle.empty(), ErrorCode::kUsage,
          path + ": codec " + std::string(to_string(settings.codec)) + " does not go with " + std::string(partner) + ": " +
              std::string(obstacle));
}

std::string_view word_of(Use use) { return use == Use::kAlways ? "always" : use == Use::kOptional ? "may" : "no"; }
/// A cell of the table: for a codec whose error feedback is a matter of choice, both answers.
template <typename Partner>
std::string_view answer(Codec codec, Partner partner) {
  const bool without = obstacle({.codec = codec}, partner).empty(),
             with = obstacle({.codec = codec, .error_feedback = true}, partner).empty();
  if (without == with) return with ? "yes" : "no";
  return with ? "with error feedback" : "without error feedback";
}

}  // namespace

const CodecTraits& traits_of(Codec codec) { return kTraits.at(static_cast<std::size_t>(codec)); }

std::string_view obstacle(const CompressionSettings& settings, AggregationRule rule) {
  // The other rules weigh and add whole updates, which are decoded before, and keep nothing of one round's error.
  if (rule != AggregationRule::kScaffold || settings.codec == Codec::kNone || feeds_errors_back(settings)) return "";
  return "the coordinator sums the changes of control variates, and an error that is not fed back would stay in the sum for ever";
}

std::string_view obstacle(const CompressionSettings& settings, Protection protection) {
  if (protection == Protection::kGroupOwners) return "";  // a group is sent as ever, or not at all
  if (protection != Protection::kDifferentialPrivacy) return obstacle_to_adding(settings.codec);
  // Noise first, codec after: whatever is done to a private number alone leaves it private. Error feedback adds older rounds to
  // it.
  if (feeds_errors_back(settings))
    return "error feedback sends in later rounds what the bound on one round's update did not count";
  return "";
}

std::string_view obstacle(Protection protection, AggregationRule rule) {
  if (protection == Protection::kDifferentialPrivacy) return "";  // noise is in the update: what follows is free
  if (protection == Protection::kGroupOwners)
    return rule == AggregationRule::kScaffold ? "control variates of all weights are one group, which every site sends: those of a stem would tell who owns it" : "";
  if (protection == Protection::kGroupedSecureAggregation) {
    if (is_robust(rule)) return obstacle_to_groups(rule);
    if (takes_the_mean(rule)) return "it takes the mean of all sites: groups would tell more and gain nothing";
  }
  switch (rule) {
    case AggregationRule::kFedAvg:
    case AggregationRule::kFedAvgM:
    case AggregationRule::kFedAdagrad:
    case AggregationRule::kFedAdam:
    case AggregationRule::kFedYogi:
      return "";  // they take one step along the mean
    case AggregationRule::kFedCostWAvg:
    case AggregationRule::kFedPidAvg:
    case AggregationRule::kQFedAvg:
      return "it weighs each site by a loss that only that site may know";
    case AggregationRule::kScaffold:
      return "each site's change of its control variate would need a sum of its own, over another number of sites than the model's";
    case AggregationRule::kFedNova:
      return "it divides each update by that site's steps before it adds them";
    case AggregationRule::kNormBound:
      return "it measures every update; sites shorten theirs themselves instead (secure_aggregation.norm_bound)";
    default:
      return "it compares single updates, and a sum is all that is seen";
  }
}

void require_composes(const CompressionSettings& settings, AggregationRule rule, const std::string& path) {
  refuse_if(obstacle(settings, rule), settings, "the rule " + std::string(to_string(rule)), path);
}

void require_composes(const CompressionSettings& settings, Protection protection, const std::string& path) {
  refuse_if(obstacle(settings, protection), settings, name_of(protection), path);
}

void require_composes(Protection protection, AggregationRule rule, const std::string& path) {
  const std::string_view why = obstacle(protection, rule);
  require(why.empty(), ErrorCode::kUsage, path + ": " + std::string(to_string(rule)) + " does not go with " + std::string(name_of(protection)) + ": " + std::string(why));
}

std::string protection_table() {
  std::string table = "| rule |";
  for (const Protection protection : kProtections) table += " " + std::string(name_of(protection)) + " |";
  table += "\n|";
  for (std::size_t column = 0; column < 1 + kProtections.size(); ++column) table += " --- |";
  for (const AggregationRule rule : kRules) {
    table += "\n| `" + std::string(to_string(rule)) + "` |";
    for (const Protection protection : kProtections) table += obstacle(protection, rule).empty() ? " yes |" : " no |";
  }
  return table + "\n";
}

std::string composition_table() {
  std::string table = "| codec | error feedback | `values` | random |";
  for (const AggregationRule rule : kRules) table += " " + std::string(to_string(rule)) + " |";
  for (const Protection protection : kProtections) table += " " + std::string(name_of(protection)) + " |";
  table += "\n|";
  for (std::size_t column = 0; column < 4 + kRules.size() + kProtections.size(); ++column) table += " --- |";
  for (const CodecTraits& traits : kTraits) {
    table += "\n| `" + std::string(to_string(traits.codec)) + "` | " + std::string(word_of(traits.error_feedback)) + " | " +
             (traits.codes_values ? "yes" : "no") + " | " + (traits.draws ? "yes" : "no") + " |";
    for (const AggregationRule rule : kRules) table += " " + std::string(answer(traits.codec, rule)) + " |";
    for (const Protection protection : kProtections) table += " " + std::string(answer(traits.codec, protection)) + " |";
  }
  return table + "\n";
}

}  // namespace consilium::fl
