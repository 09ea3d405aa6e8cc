#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "fl/coordinator.h"
#include "fl/event_log.h"
#include "fl/run_status.h"

namespace consilium::fl {

struct ObserverOptions {
  std::function<double()> clock;  ///< seconds since 1970, UTC; empty: the machine's
  EventLogOptions log{};
  double heartbeat_seconds = 1;   ///< at most one is written per site in this time
  double upload_seconds = 0.5;    ///< the same of an upload's progress
  double refusal_seconds = 60;    ///< the same refusal is told once in this time
};

/// Turns what a coordinator does into events: keeps them in the log, and knows the status that they amount to.
///
/// Every member may be called from any thread. A failure of the log (a full disk) is told once and does not end the run: the run store
/// decides about that.
class Observer {
 public:
  /// Begins a run, or goes on with that of the folder. @throws as EventLog.
  Observer(const std::filesystem::path& folder, const Coordinator& coordinator, const ObserverOptions& options = {});

  void connected(const std::string& site);
  void disconnected(const std::string& site);
  void refused(const std::string& name, const std::string& reason);
  void reported(const std::string& site, const SiteReport& report);
  void model_sent(const std::string& site, std::int64_t round, std::uint64_t bytes, double seconds);
  /// A site offers an update of which `bytes` of `of_bytes` are here already.
  void offered(const std::string& site, std::int64_t round, std::uint64_t bytes, std::uint64_t of_bytes);
  void received(const std::string& site, std::uint64_t bytes);
  /// What was made of an update; `update` without its weights.
  void judged(const std::string& site, const Update& update, const Receipt& receipt);
  /// An update of a round for which there is one already.
  void duplicate(const std::string& site, std::int64_t round) { tell(EventKind::kUpdateDuplicate, round, site); }
  /// A round that was closed, and what follows from it: `coordinator` is that after the round.
  void tell_of(const RoundReport& report, const Coordinator& coordinator);
  /// To be called every now and then, with the time that the coordinator is told: says once that the deadline has passed, and what the round waits for.
  void tick(const Coordinator& coordinator, double coordinator_now);
  void stopped();
  void failed(ErrorCode code);

  RunStatus status() const;
  const FederationSettings& settings() const { return settings_; }
  double now() const { return options_.clock(); }
  /// Called with every event that is in the log, in order, by the thread that caused it; set before any other thread calls. An Error of it is told
  /// and forgotten, as those of the log.
  void on_event(std::function<void(const Event&)> listener) { listeners_.push_back(std::move(listener)); }

 private:
  struct Upload {
    std::int64_t round = 0;
    std::uint64_t there = 0, of_bytes = 0, came = 0;  ///< `came`: over the wire, repeated chunks too
    double told_at = 0;
  };
  void tell(EventKind kind, std::int64_t round, const std::string& site, std::map<std::string, double> numbers = {}, std::map<std::string, std::string> words = {});
  double seconds_of_round(std::int64_t round) const;
  void round_opened(const Coordinator& coordinator);
  bool is_past_deadline(std::int64_t round) const;
  void round_closed(const RoundReport& report);
  void model_written(std::int64_t best_round, double validation);
  void finished();

  ObserverOptions options_;
  FederationSettings settings_;
  mutable std::recursive_mutex guard_;
  std::unique_ptr<EventLog> log_;
  RunStatus status_;
  std::vector<std::function<void(const Event&)>> listeners_;
  std::map<std::string, Upload> uploads_;
  std::map<std::string, int> streams_;             ///< open Watch streams by site
  std::map<std::string, SiteReport> reports_;
  std::map<std::string, double> refused_at_;
  std::map<std::string, double> waiting_since_;
  std::uint64_t round_in_ = 0, round_out_ = 0;     ///< bytes of the open round
  std::int64_t round_updates_ = 0;                 ///< accepted while it was open, also of earlier rounds
  double beat_at_ = 0;
  bool log_has_failed_ = false;
};

}  // namespace consilium::fl
