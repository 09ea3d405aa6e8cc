#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fl/federation_settings.h"
#include "fl/receipt.h"
#include "fl/round.h"
#include "fl/stage.h"
#include "fl/update.h"
#include "fl/wire/chunks.h"

namespace consilium::fl {

/// Everything that outlives a restart of the coordinator.
struct RunState {
  std::int64_t round = 0;            ///< the open round; `rounds` is the last look, `rounds` + 1 is over
  ModelState global;                 ///< what the open round starts from
  std::int64_t best_round = 0;       ///< trainings that went into the global model with the best validation so far; the newest while no site validates
  double best_validation = -1;       ///< below 0: no site has validated yet
  AggregationMemory memory;          ///< what the aggregation rule remembers
  std::vector<RoundReport> reports;  ///< of the closed rounds; while it runs, whole is only the last one (fl/report_memory.h)

  bool operator==(const RunState&) const = default;
};

/// Makes the protocol of a round whose updates are protected.
using ProtocolMaker = std::function<std::unique_ptr<RoundProtocol>(const RoundPlan& plan, const std::vector<std::string>& asked, const ModelState& global)>;

/// The rounds of a federation as a state machine without socket, clock or thread: time comes as an argument, in seconds of any steady clock.
///
/// A round is closed when every site that was asked has answered, or `close_after` updates are in, or when its deadline has passed, a quorum of updates is there, and the sites
/// that are missing own no more of the known cases than the policy allows (once: the second deadline closes it without them, and the report says what they own). A round
/// without quorum waits on until it is abandoned. Where updates are protected, answers to the stages of a protocol take the place of updates: the deadline and the quorum are those of
/// its gathering, and what is aggregated is the one sum that it gives. Closing aggregates the accepted updates by the settings' rule and opens the next round.
class Coordinator {
 public:
  /// @throws Error{kUsage} as validate(settings).
  Coordinator(FederationSettings settings, ModelState initial, double now);
  /// Continues: the open round starts anew. @throws Error{kMismatch} the state has more rounds than the settings.
  Coordinator(FederationSettings settings, RunState state, double now);

  const FederationSettings& settings() const { return settings_; }
  const RunState& state() const { return state_; }
  RunState take_state() && { return std::move(state_); }
  bool is_finished() const { return state_.round > settings_.rounds; }
  /// Of the open round. Not when finished.
  RoundPlan plan() const;

  /// Takes what `site` (as its certificate names it) sent. @throws Error{kRefused} a site that is not in the settings.
  Receipt receive(const std::string& site, Update update);

  /// Needed when the settings protect updates, before anything else is asked.
  void use_protocol(ProtocolMaker maker);
  /// Of the open round; null where updates are not protected.
  const RoundProtocol* protocol() const { return protocol_.get(); }
  /// Takes a site's answer to a stage of the protocol. @throws Error{kRefused} a site that is not in the settings.
  Receipt answer(const std::string& site, const StageAnswer& answer, double now);
  /// Counts up when the stages become others.
  std::uint64_t stage_version() const { return stage_version_; }

  /// The global model's file as it travels.
  const ChunkList& global_chunks() const { return global_chunks_; }
  /// Called with a new global model as soon as there is one, before its round is reported: the model stays as it is until the next round is closed, so that it can be written meanwhile.
  void on_global(std::function<void(const ModelState& global, std::int64_t trainings)> use) { on_global_ = std::move(use); }

  /// Remembers that what a site sent for the open round could not even be read.
  Receipt reject(const std::string& site, const std::string& reason);
  /// Remembers that the site refuses the plan: it is not waited for, in this round and the next ones, until it sends an update. @throws as receive.
  Receipt decline(const std::string& site, const std::string& reason);
  /// Sites that refuse the plan, each with its reason.
  const std::map<std::string, std::string>& declined() const { return declined_; }
  /// Has the site's update of the open round been accepted?
  bool has_answered(const std::string& site) const { return accepted_.contains({site, state_.round}); }
  bool has_answered(const std::string& site, const Update& update) const { return update.round == state_.round && has_answered(site); }

  /// Closes the round if it is time to; the report, or nothing. Call it after receive() and when deadline() has passed.
  std::optional<RoundReport> advance(double now);
  double deadline() const { return opened_ + (state_.round == 0 && settings_.policy.start_seconds > 0 ? settings_.policy.start_seconds : settings_.deadline_seconds); }
  /// The sites that are to train in the open round; all in the last look.
  const std::vector<std::string>& asked() const { return asked_; }
  bool is_asked(const std::string& site) const { return std::binary_search(asked_.begin(), asked_.end(), site); }
  std::vector<std::string> waiting_for() const;
  /// The round has been open for so long without quorum that the run should end.
  bool is_abandoned(double now) const { return !is_finished() && now - opened_ >= settings_.policy.abandon_seconds; }

 private:
  std::optional<RoundReport> advance_protected(double now);
  void begin_protocol();
  void require_member(const std::string& site) const;
  RoundReport close();
  RoundReport close_protected(std::optional<ProtectedSum> sum, const std::string& why_not);
  void judge_base(RoundReport& report, double weighted_score, double weights);
  std::size_t remembered_rounds() const;
  void end_round(RoundReport& report, const std::vector<Update>& updates);
  void open_round(double now);
  void check_privacy();
  void hash_global();
  Receipt receive_late(const std::string& site, Update update);
  SiteOutcome outcome_of(const std::string& site) const;
  std::int64_t known_cases(const std::string& site) const;
  double share_of_missing_cases() const;

  FederationSettings settings_;
  RunState state_;
  ChunkList global_chunks_;
  std::string global_digest_;  ///< of these
  double opened_;
  std::vector<std::string> asked_;
  std::map<std::pair<std::string, std::int64_t>, Update> accepted_;  ///< by site and the round of the update
  std::map<std::string, std::string> rejected_;  ///< site -> reason
  double noise_multiplier_ = 0;  ///< with protection.privacy
  ProtocolMaker make_protocol_;
  std::function<void(const ModelState& global, std::int64_t trainings)> on_global_;
  std::unique_ptr<RoundProtocol> protocol_;
  std::uint64_t stage_version_ = 0;
  std::map<std::string, std::string> declined_;  ///< site -> reason
};

}  // namespace consilium::fl
