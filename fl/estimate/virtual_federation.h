#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "fl/coordinator.h"
#include "fl/estimate/estimate.h"
#include "fl/estimate/event_queue.h"
#include "fl/estimate/traffic.h"
#include "fl/estimate/update_source.h"

namespace consilium::fl {

/// The events of a federation: what a site does next, what disturbs it, and when the coordinator closes a round.
///
/// A site that is asked fetches the model, computes, sends its update, and waits for the next round. Between two rounds the coordinator aggregates. A site that is still
/// computing when its round is closed goes on to the end. Where late updates are merged it sends what it has; where not it is told that it is late, and an upload of a closed round is broken
/// off. Then it takes the round that is open.
class VirtualFederation {
 public:
  VirtualFederation(const EstimateSettings& settings, const UpdateSource& updates);

  bool is_finished() const { return coordinator_.is_finished(); }
  /// The next event; the cost of a round if it closed one.
  std::optional<RoundCost> step();
  Estimate result() const;

 private:
  enum class Phase { kWaiting, kDownloading, kComputing, kUploading };
  /// What a round starts from. A site holds on to it while it trains, as long as the coordinator would take its update.
  struct Base {
    RoundPlan plan;
    ModelState global;
  };
  struct Site {
    VirtualSite figures;
    SiteCost cost;
    Rng outages, deaths, slowness;
    Phase phase = Phase::kWaiting;
    std::int64_t round = -1;       ///< the last one that it took up
    std::shared_ptr<const Base> base{};
    bool present = true;
    bool connected = true;
    std::uint64_t epoch = 0;       ///< events planned before the last change are void
    double left = 0;               ///< bytes of the transfer
    double computing_since = 0;
  };

  void handle(const PlannedEvent& event);
  void disturb(Site& site, std::size_t number, PlannedKind kind);
  void plan_disturbance(Site& site, std::size_t number, PlannedKind kind);
  void take_up(std::size_t number);
  void go_on(std::size_t number);
  void compute(std::size_t number);
  void transfer(std::size_t number);
  void interrupt(Site& site, std::size_t number);
  void end_transfer(std::size_t number);
  void end_computing(std::size_t number);
  void deliver(std::size_t number);
  void close_if_due();
  void plan_closing();
  void come_to_deadline();
  bool is_late_for_good(const Site& site) const;
  RoundCost cost_of(const RoundReport& report, double opened) const;
  void leave_closed_round(std::size_t number);

  bool is_active(const Site& site) const { return site.present && site.connected; }
  Traffic& line(const Site& site) { return site.phase == Phase::kDownloading ? down_ : up_; }
  double latency() const { return kRoundTripsPerTransfer * settings_.links.round_trip_ms * 1e-3; }
  std::int64_t round() const { return coordinator_.state().round; }

  EstimateSettings settings_;
  const UpdateSource& updates_;
  std::vector<Site> sites_;
  Coordinator coordinator_;
  EventQueue events_;
  Traffic down_, up_;
  double now_ = 0;
  double opened_ = 0;      ///< when the open round was announced
  bool is_open_ = false;   ///< false while the coordinator aggregates
  std::shared_ptr<const Base> base_;  ///< of the open round
  double down_bytes_ = 0;  ///< of the open round
  double up_bytes_ = 0;
  double patients_ = 0;    ///< of all sites
  std::optional<RoundCost> closed_;
};

}  // namespace consilium::fl
