#pragma once

#include <string>

#include "base/settings.h"
#include "fl/coordinator.h"

namespace consilium::fl {

/// How a round ended: what peers have to agree on.
struct Outcome {
  RoundReport report;
  ModelState global;         ///< what the next round starts from; its digest is report.result_digest
  AggregationMemory memory;

  bool operator==(const Outcome&) const = default;
};

/// Does its update count, of this round or merged from the one before?
bool takes_part(const SiteOutcome& site);

Json to_json(const RoundReport& report);
/// @throws Error{kCorruptData} naming `origin`.
RoundReport parse_report(const Json& json, const std::string& origin);

/// The same tensors as `layout`, all values finite? @throws Error{kMismatch}, Error{kCorruptData}
void require_fit(const ModelState& model, const ModelState& layout);

/// SHA-256 over the report and the memory, in hexadecimal; the report names the model by its digest.
std::string digest(const Outcome& outcome);

/// The state before the first round.
RunState initial_run(const ModelState& initial);
/// Closes the round: the report joins the history, the best model is chosen as by a coordinator.
/// @throws Error{kMismatch} the outcome is of another round or does not start from this model.
void apply(RunState& run, ModelState& best, std::int64_t rounds, Outcome outcome);

/// Which round's starting model is the best by these reports; `rounds_closed` when nobody has validated.
std::int64_t best_round_of(const std::vector<RoundReport>& reports, std::int64_t rounds, double& best_validation);

/// SHA-256 over the chain of all reports and the model: equal digests mean equal histories.
std::string history_digest(const std::vector<RoundReport>& reports, const std::string& global_digest);

}  // namespace consilium::fl
