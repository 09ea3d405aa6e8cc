#include "fl/estimate/virtual_federation.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "fl/wire/chunks.h"

namespace consilium::fl {
namespace {

constexpr double kDay = 86400;
constexpr double kMostSeconds = 3650 * kDay;

/// Waiting time until the next of events that come at random.
double until_next(Rng& rng, double per_day) { return -std::log(1 - rng.uniform()) * kDay / per_day; }

}  // namespace

VirtualFederation::VirtualFederation(const EstimateSettings& settings, const UpdateSource& updates)
    : settings_(settings), updates_(updates), coordinator_(federation_settings(settings), updates.initial(), 0), down_(settings.coordinator.mbit_per_second * 125e3), up_(settings.coordinator.mbit_per_second * 125e3) {
  const Rng rng(settings_.seed);
  for (const VirtualSite& figures : draw_sites(settings_)) {
    const SiteCost cost{.name = figures.name, .patients = figures.patients, .undisturbed_seconds = undisturbed_seconds(figures, settings_)};
    sites_.push_back({figures, cost, rng.fork("outages").fork(figures.name), rng.fork("deaths").fork(figures.name), rng.fork("slowness").fork(figures.name)});
    patients_ += static_cast<double>(figures.patients);
  }
  for (std::size_t n = 0; n < sites_.size(); ++n)
    for (const PlannedKind kind : {PlannedKind::kLinkDown, PlannedKind::kDeath}) plan_disturbance(sites_[n], n, kind);
  events_.plan({0, PlannedKind::kOpen});
  plan_closing();
}

std::optional<RoundCost> VirtualFederation::step() {
  closed_.reset();
  // A transfer that ends together with an event ends first.
  const auto down = down_.next_end(), up = up_.next_end();
  const auto end = !down || (up && up->time < down->time) ? up : down;
  if (end && (events_.is_empty() || end->time <= events_.next().time)) {
    now_ = end->time;
    end_transfer(end->site);
  } else {
    const PlannedEvent event = events_.take();
    now_ = event.time;
    handle(event);
  }
  require(now_ < kMostSeconds, ErrorCode::kUsage, "round " + std::to_string(round() + 1) + " would not be closed within ten years: sites die or lose their link more often than a round lasts, or too few reach the quorum");
  return closed_;
}

void VirtualFederation::handle(const PlannedEvent& event) {
  const std::size_t n = event.site;
  switch (event.kind) {
    case PlannedKind::kOpen:
      is_open_ = true;
      opened_ = now_;
      base_ = std::make_shared<const Base>(Base{coordinator_.plan(), coordinator_.state().global});
      for (std::size_t site = 0; site < sites_.size(); ++site) take_up(site);
      return;
    case PlannedKind::kDeadline:
      if (event.epoch == static_cast<std::uint64_t>(round())) come_to_deadline();
      return;
    case PlannedKind::kTransfer:
      if (event.epoch != sites_[n].epoch) return;
      line(sites_[n]).start(n, sites_[n].left, sites_[n].phase == Phase::kDownloading ? sites_[n].figures.download_bytes_per_second : sites_[n].figures.upload_bytes_per_second, now_);
      return;
    case PlannedKind::kComputed:
      if (event.epoch == sites_[n].epoch) end_computing(n);
      return;
    default:
      disturb(sites_[n], n, event.kind);
  }
}

void VirtualFederation::disturb(Site& site, std::size_t n, PlannedKind kind) {
  if (kind == PlannedKind::kDeath || kind == PlannedKind::kLinkDown) {
    if (kind == PlannedKind::kDeath) {
      ++site.cost.deaths;
      if (site.phase == Phase::kComputing) site.cost.computing_seconds += now_ - site.computing_since;
    } else {
      ++site.cost.outages;
    }
    // Training goes on while the link is down.
    if (kind == PlannedKind::kDeath || site.phase != Phase::kComputing) interrupt(site, n);
    (kind == PlannedKind::kDeath ? site.present : site.connected) = false;
  } else {
    (kind == PlannedKind::kReturn ? site.present : site.connected) = true;
    if (kind == PlannedKind::kReturn || site.phase != Phase::kComputing) go_on(n);
  }
  plan_disturbance(site, n, kind == PlannedKind::kDeath ? PlannedKind::kReturn : kind == PlannedKind::kReturn ? PlannedKind::kDeath : kind == PlannedKind::kLinkDown ? PlannedKind::kLinkUp : PlannedKind::kLinkDown);
}

void VirtualFederation::plan_disturbance(Site& site, std::size_t n, PlannedKind kind) {
  double wait = 0;
  switch (kind) {
    case PlannedKind::kDeath:
      if (settings_.failures.deaths_per_day == 0) return;
      wait = until_next(site.deaths, settings_.failures.deaths_per_day);
      break;
    case PlannedKind::kReturn:
      wait = quantile(settings_.failures.away_seconds, site.deaths.uniform());
      break;
    case PlannedKind::kLinkDown:
      if (settings_.links.outages_per_day == 0) return;
      wait = until_next(site.outages, settings_.links.outages_per_day);
      break;
    default:
      wait = quantile(settings_.links.outage_seconds, site.outages.uniform());
  }
  events_.plan({now_ + wait, kind, n});
}

/// A waiting site begins the open round if there is one that it has not had.
void VirtualFederation::take_up(std::size_t n) {
  Site& site = sites_[n];
  if (!is_open_ || coordinator_.is_finished() || !is_active(site) || site.phase != Phase::kWaiting || site.round == round() || !coordinator_.is_asked(site.figures.name)) return;
  site.round = round();
  site.base = base_;
  site.phase = Phase::kDownloading;
  site.left = settings_.model_bytes / settings_.download_compression;
  transfer(n);
}

/// What a site does that came back, or whose link did.
void VirtualFederation::go_on(std::size_t n) {
  Site& site = sites_[n];
  if (!site.present) return;
  // A finished update is on disk; a training that was cut short is repeated only for the open round.
  if (site.round != round() && (site.phase != Phase::kUploading || is_late_for_good(site))) site.phase = Phase::kWaiting;
  if (site.phase == Phase::kComputing) compute(n);
  if (site.phase == Phase::kWaiting) take_up(n);
  else if (site.phase != Phase::kComputing) transfer(n);
}

void VirtualFederation::compute(std::size_t n) {
  Site& site = sites_[n];
  site.phase = Phase::kComputing;
  site.computing_since = now_;
  const bool last_look = site.base->plan.is_last_look();
  double seconds = last_look ? site.figures.validate_seconds : site.figures.train_seconds + settings_.compute.validations * site.figures.validate_seconds;
  if (site.slowness.fork(static_cast<std::uint64_t>(site.round)).chance(settings_.compute.slow_chance)) seconds *= settings_.compute.slow_factor;
  events_.plan({now_ + seconds, PlannedKind::kComputed, n, ++site.epoch});
}

void VirtualFederation::transfer(std::size_t n) {
  if (is_active(sites_[n])) events_.plan({now_ + latency(), PlannedKind::kTransfer, n, ++sites_[n].epoch});
}

/// Stops what the site does. Of a transfer, at most the last chunk was in vain.
void VirtualFederation::interrupt(Site& site, std::size_t n) {
  ++site.epoch;
  const auto left = line(site).stop(n, now_);
  if (!left) return;
  const double moved = site.left - *left;
  (site.phase == Phase::kDownloading ? site.cost.download_bytes : site.cost.upload_bytes) += moved;
  (site.phase == Phase::kDownloading ? down_bytes_ : up_bytes_) += moved;
  site.left = std::min(site.left, *left + static_cast<double>(kChunkBytes));
}

void VirtualFederation::end_transfer(std::size_t n) {
  Site& site = sites_[n];
  line(site).stop(n, now_);
  const bool down = site.phase == Phase::kDownloading;
  (down ? site.cost.download_bytes : site.cost.upload_bytes) += site.left;
  (down ? down_bytes_ : up_bytes_) += site.left;
  if (down) compute(n);
  else deliver(n);
}

void VirtualFederation::end_computing(std::size_t n) {
  Site& site = sites_[n];
  site.cost.computing_seconds += now_ - site.computing_since;
  if (is_late_for_good(site)) {
    ++site.cost.late;
    site.phase = Phase::kWaiting;
    take_up(n);
    return;
  }
  site.phase = Phase::kUploading;
  site.left = site.base->plan.is_last_look() ? 0 : settings_.model_bytes / settings_.upload_compression;
  transfer(n);
}

/// Will the coordinator refuse its update of a closed round at the offer?
bool VirtualFederation::is_late_for_good(const Site& site) const {
  const std::int64_t age = round() - site.round;
  return age > 0 && (settings_.policy.late == LateUpdates::kRefuse || age > settings_.policy.most_staleness || round() >= settings_.rounds);
}

void VirtualFederation::deliver(std::size_t n) {
  Site& site = sites_[n];
  const Base& base = *site.base;
  const std::int64_t training = training_patients(site.figures, settings_.compute);
  const double score = updates_.score(n, base.global);
  Update update;
  if (!base.plan.is_last_look()) {
    update = updates_.update(n, base.plan.round, base.global);
    for (const NamedTensor& tensor : base.global.tensors) update.cases_per_group[tensor.group] = training;
    update.metrics["seconds"] = site.figures.train_seconds + settings_.compute.validations * site.figures.validate_seconds;
    if (score > 0) update.metrics["loss"] = 1 / score - 1;
  }
  update.round = base.plan.round;
  update.base_digest = base.plan.base_digest;
  update.validation = {score, std::max<std::int64_t>(1, site.figures.patients - training)};
  const bool last_look = base.plan.is_last_look();
  const Receipt receipt = coordinator_.receive(site.figures.name, std::move(update));
  require(receipt.kind == ReceiptKind::kAccepted || receipt.kind == ReceiptKind::kStale, ErrorCode::kMismatch, receipt.reason);
  if (!last_look) ++(receipt.kind == ReceiptKind::kAccepted ? site.cost.accepted : site.cost.late);
  site.phase = Phase::kWaiting;
  site.base.reset();
  close_if_due();
  take_up(n);
}

void VirtualFederation::close_if_due() {
  const auto report = coordinator_.advance(now_);
  if (!report) return;
  closed_ = cost_of(*report, opened_);
  is_open_ = false;
  base_.reset();
  for (std::size_t n = 0; n < sites_.size(); ++n) leave_closed_round(n);
  closed_->download_bytes = down_bytes_;
  closed_->upload_bytes = up_bytes_;
  down_bytes_ = up_bytes_ = 0;
  if (coordinator_.is_finished()) return;
  events_.plan({now_ + closed_->aggregate_seconds, PlannedKind::kOpen});
  plan_closing();
}

/// When the coordinator is to look at its open round even if nothing comes: at its deadline, as long again after it, and when it would be abandoned.
void VirtualFederation::plan_closing() {
  const double deadline = coordinator_.deadline();
  const double abandoned = now_ + settings_.policy.abandon_seconds * (1 + 1e-9);  // the coordinator's own difference of times may round down
  for (const double time : {deadline, deadline + (deadline - now_), abandoned}) events_.plan({time, PlannedKind::kDeadline, 0, static_cast<std::uint64_t>(round())});
}

void VirtualFederation::come_to_deadline() {
  close_if_due();
  require(closed_ || !coordinator_.is_abandoned(now_), ErrorCode::kUsage, "round " + std::to_string(round() + 1) + " would be abandoned: it had no quorum for " + std::to_string(std::llround(settings_.policy.abandon_seconds)) + " s");
}

void VirtualFederation::leave_closed_round(std::size_t n) {
  Site& site = sites_[n];
  if (site.phase == Phase::kWaiting || site.phase == Phase::kComputing) return;
  if (site.phase == Phase::kUploading) {
    if (!is_late_for_good(site)) return;
    ++site.cost.late;
  }
  interrupt(site, n);
  site.phase = Phase::kWaiting;
}

RoundCost VirtualFederation::cost_of(const RoundReport& report, double opened) const {
  RoundCost cost;
  cost.round = report.round + 1;
  cost.opened = opened;
  cost.closed = now_;
  cost.validation = report.validation;
  double patients = 0;
  for (std::size_t n = 0; n < sites_.size(); ++n) {  // both are sorted by name
    const Participation participation = report.sites[n].participation;
    if (participation == Participation::kNotAsked) continue;
    ++cost.asked;
    if (participation == Participation::kLate) {
      ++cost.late;
      if (!is_active(sites_[n])) ++cost.away;
      continue;
    }
    ++(participation == Participation::kMerged ? cost.merged : cost.accepted);
    patients += static_cast<double>(sites_[n].figures.patients);
  }
  cost.share_of_patients = patients / patients_;
  if (report.round < settings_.rounds) cost.aggregate_seconds = static_cast<double>(cost.accepted + cost.merged) * settings_.model_bytes / settings_.upload_compression / settings_.coordinator.aggregate_bytes_per_second;
  return cost;
}

Estimate VirtualFederation::result() const {
  Estimate estimate;
  for (const Site& site : sites_) estimate.sites.push_back(site.cost);
  estimate.model_digest = digest(coordinator_.state().global);
  return estimate;
}

}  // namespace consilium::fl
