#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fl/compress/compression.h"
#include "fl/protection_settings.h"

namespace consilium::fl {

/// What the coordinator asks of every site in one round.
struct RoundPlan {
  std::int64_t round = 0;    ///< 0-based; plan `rounds` is the last look at the finished model, without training
  std::int64_t rounds = 0;   ///< trainings in all
  std::string base_digest;   ///< of the global model to start from
  std::string task;          ///< JSON for the trainer (network, optimiser, steps); opaque here
  CompressionSettings compression{};  ///< how sites write their updates
  ProtectionSettings protection{};    ///< what hides an update before it is summed

  bool is_last_look() const { return round >= rounds; }
  bool operator==(const RoundPlan&) const = default;
};

/// How well the global model does on a site's own validation cases.
struct Validation {
  double score = 0;         ///< mean Dice, [0, 1]
  std::int64_t cases = 0;   ///< 0: the site has none, and no say in the choice of the best model
  double weight = 1;        ///< of a case, (0, 1]: the share of what is to be segmented that the site's reference shows
  bool operator==(const Validation&) const = default;
};

/// What became of one site in one round.
enum class Participation {
  kAccepted,
  kRejected,  ///< its update was refused; the reason says why
  kLate,      ///< nothing came before the round was closed
  kMerged,    ///< an update of an earlier round came, and counted in this one
  kNotAsked,  ///< another site was selected
};
/// Each with its word, as it is stored and shown.
const std::vector<std::pair<std::string, Participation>>& participation_words();
std::string_view to_string(Participation participation);

struct SiteOutcome {
  std::string site;
  Participation participation = Participation::kLate;
  std::string reason;                     ///< empty when accepted
  std::int64_t cases = 0;
  Validation validation;                  ///< of the model the round started from
  std::map<std::string, double> metrics;  ///< "loss", ...: the site's own words
  std::string commitment{};               ///< to the update that counted, as it enters the ledger (fl/ledger/commitment.h); empty: there was none
  bool operator==(const SiteOutcome&) const = default;
};

/// Metric in which the coordinator says whose sum a site was in, where sums are made in groups of sites: the group's number, from 1.
inline constexpr const char* kSumGroupMetric = "sum_group";

struct RoundReport {
  std::int64_t round = 0;
  std::string base_digest;
  std::string result_digest;             ///< equal to base_digest for the last look
  double validation = 0;                 ///< of the base model: mean over sites, weighted by their validation cases times the weight of a case
  std::int64_t validation_cases = 0;
  std::vector<SiteOutcome> sites;        ///< sorted by name
  std::map<std::string, double> sums{};  ///< where updates are protected: what is known over all sites together ("loss", "cases.trunk"); nothing is known of each
  bool operator==(const RoundReport&) const = default;
};

}  // namespace consilium::fl
