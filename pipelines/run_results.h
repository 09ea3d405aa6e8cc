#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/settings.h"
#include "pipelines/alignment_results.h"
#include "pipelines/evaluate.h"
#include "pipelines/subset_results.h"

namespace consilium::pipelines {

struct CurvePoint {
  std::int64_t round = 0;
  std::int64_t steps = 0;                    ///< done before this point
  double loss = 0;                           ///< mean training loss of the round that ended here; 0 at the start
  std::map<std::string, double> validation;  ///< site -> mean Dice on its validation cases
};

struct SiteSummary {
  std::string name;
  std::string description;
  int train_cases = 0;
  int validation_cases = 0;
  int test_cases = 0;
  std::vector<std::string> annotated{};          ///< what its labels show; empty: everything
  std::map<std::string, std::string> strata{};   ///< groups of the report that the site belongs to: key -> value
};

struct ModelSummary {
  std::string name;
  std::string kind;                    ///< "single", "pooled" or "federated"
  std::vector<std::string> trained_on; ///< sites
  double seconds = 0;                  ///< of one core, training and validation
  std::int64_t steps = 0;              ///< sequential optimisation steps
  std::int64_t best_round = 0;         ///< the round whose model was chosen by validation
  double upload_bytes = 0;             ///< federated: of all updates, as the sites sent them
  double raw_bytes = 0;                ///< the same updates in float32
  std::vector<CurvePoint> curve{};
  /// Clustered federations: site -> its cluster in the model after 0, 1, ... rounds; -1 where it did not say.
  std::map<std::string, std::vector<std::int64_t>> clusters{};
  std::map<std::string, double> epsilon{};  ///< differential privacy: site -> what its training cost any one of its patients, at `delta`
  double delta = 0;                         ///< 0: no differential privacy
};

struct CaseResult {
  std::string site;
  std::string name;
  std::string model;
  int fold = 0;
  std::vector<RegionScore> regions;
};

/// What became of one site in one round of a federation.
struct SiteParticipation {
  std::string site;
  std::string outcome;         ///< "accepted", "rejected", "late", "merged" (one of an earlier round), "not asked"
  std::string reason;          ///< empty when accepted
  double seconds = 0;          ///< from the round's opening to its update; 0: none came
  std::uint64_t bytes_in = 0;  ///< of its update, over the wire; 0 within one process
  std::uint64_t bytes_out = 0; ///< of the model to it
};

struct RoundParticipation {
  int fold = 0;
  std::int64_t round = 0;      ///< 0-based
  bool last_look = false;      ///< a round without training
  double start_seconds = 0;    ///< since the federation began
  double seconds = 0;
  std::vector<SiteParticipation> sites;
};

/// What one site's updates were beside the others', over the rounds in which they counted (fl/aggregate/contribution.h).
struct SiteContribution {
  int fold = 0;
  std::string site;
  std::int64_t rounds = 0;
  double update_norm = 0;      ///< mean length of its updates
  double cosine_to_mean = 0;   ///< mean
  double leave_one_out = 0;    ///< mean: how far the step moves without it, in lengths of the step
  double likeness = -1;        ///< greatest cosine to another site's update; -1: there was no other
  double rule_weight = -1;     ///< mean share that the rule gave it; -1: a rule without shares
};

/// Everything that a comparison of models found; what the report is made of.
struct RunResults {
  std::string title;
  std::uint64_t seed = 1;
  std::vector<std::string> regions;
  std::vector<SiteSummary> sites;
  std::vector<ModelSummary> models;
  std::vector<CaseResult> cases;
  std::vector<SubsetResult> subsets{};            ///< with some modalities only, where that was asked for
  AlignmentResults alignment{};
  std::vector<SiteContribution> contributions{};  ///< to the federation, by site
  std::vector<RoundParticipation> rounds;       ///< of the federation; of a very long one the last
  std::string picture_channel;                  ///< whose image is shown under the overlays
  std::vector<std::string> notes;
  std::map<std::string, std::string> versions;
  Json settings;
  double seconds_total = 0;
};

Json to_json(const RunResults& results);
/// @throws Error{kUsage} naming `origin` and the key that is missing, unknown or of another type.
RunResults parse_run_results(const Json& json, const std::string& origin);

/// Mean over a site's cases (all sites: empty name) of one region, or over regions (empty name), of one model. NaN when there is none.
/// A distance that was not recorded (null) is left out of its mean and counted.
struct MeanScore {
  double dice = 0;
  double hd95_mm = 0;
  std::size_t cases = 0;
  std::size_t missed = 0;          ///< regions that only the prediction or only the reference has: their HD95 is a penalty
  std::size_t without_hd95 = 0;
};
MeanScore mean_score(const RunResults& results, const std::string& model, const std::string& site, const std::string& region);

/// "12.3 MB (16.1 times fewer than float32)", or "12.3 MB"; empty for a model that was not federated.
std::string upload_text(const ModelSummary& model);

/// The cluster whose model a site uses, "1 (rounds 1 to 6: 0, 7 to 20: 1)"; empty for a site that chose none.
std::string cluster_text(const ModelSummary& model, const std::string& site);

/// The site-by-model tables for a terminal.
std::string to_text(const RunResults& results);

}  // namespace consilium::pipelines
