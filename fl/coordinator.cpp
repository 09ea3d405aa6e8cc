#include "fl/coordinator.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "fl/aggregate/contribution.h"
#include "fl/duplicate_cases.h"
#include "fl/owner_count.h"
#include "fl/privacy/client_round.h"
#include "fl/report_memory.h"

namespace consilium::fl {

Coordinator::Coordinator(FederationSettings settings, ModelState initial, double now) : settings_(std::move(settings)), opened_(now) {
  validate(settings_);
  std::sort(settings_.sites.begin(), settings_.sites.end());
  state_.global = std::move(initial);
  hash_global();
  check_privacy();
  open_round(now);
}

Coordinator::Coordinator(FederationSettings settings, RunState state, double now) : settings_(std::move(settings)), state_(std::move(state)), opened_(now) {
  validate(settings_);
  std::sort(settings_.sites.begin(), settings_.sites.end());
  require(state_.round >= 0 && state_.round <= settings_.rounds + 1, ErrorCode::kMismatch, "the run has more rounds than its settings allow");
  for (std::size_t n = 0; n + 1 < state_.reports.size(); ++n) shorten(state_.reports[n]);
  for (std::size_t n = 0; n + remembered_rounds() < state_.reports.size(); ++n) forget_outcomes(state_.reports, n, remembered_rounds());
  hash_global();
  check_privacy();
  open_round(now);
}

void Coordinator::hash_global() {
  global_chunks_ = chunk_list(state_.global);
  global_digest_ = digest_of(global_chunks_);
}

/// A federation that would train on noise does not begin.
void Coordinator::check_privacy() {
  if (!settings_.protection.privacy || settings_.rounds == 0) return;
  noise_multiplier_ = noise_multiplier_of(*settings_.protection.privacy, settings_.rounds);
  require_useful(*settings_.protection.privacy, noise_multiplier_, static_cast<std::int64_t>(asked_sites(settings_)), value_count(state_.global));
}

RoundPlan Coordinator::plan() const {
  require(!is_finished(), ErrorCode::kUnexpected, "a finished federation has no plan");
  RoundPlan plan{state_.round, settings_.rounds, global_digest_, settings_.task, settings_.compression, settings_.protection};
  if (auto& secure = plan.protection.secure_aggregation) {
    secure->threshold = threshold_of(*secure, asked_.size());
    if (secure->group_size > 0) secure->least_groups = least_groups_of(*secure, least_updates(settings_.aggregation));
  }
  if (auto& privacy = plan.protection.privacy) privacy->clip = current_clip(*privacy, state_.reports);
  if (auto& groups = plan.protection.groups) {
    groups->sites = static_cast<std::int64_t>(settings_.sites.size());
    groups->owners = counted_owners(*groups, state_.global, state_.reports);
  }
  return plan;
}

void Coordinator::use_protocol(ProtocolMaker maker) {
  make_protocol_ = std::move(maker);
  begin_protocol();
}

void Coordinator::begin_protocol() {
  protocol_.reset();
  if (make_protocol_ && !is_finished() && !settings_.protection.is_plain()) protocol_ = make_protocol_(plan(), asked_, state_.global);
}

void Coordinator::open_round(double now) {
  opened_ = now;
  accepted_.clear();
  rejected_.clear();
  asked_ = state_.round >= settings_.rounds ? settings_.sites : select_sites(settings_.policy.selection, settings_.sites, state_.round, state_.reports);
  begin_protocol();
  ++stage_version_;
}

void Coordinator::require_member(const std::string& site) const {
  require(std::binary_search(settings_.sites.begin(), settings_.sites.end(), site), ErrorCode::kRefused, "site \"" + site + "\" does not belong to this federation");
}

Receipt Coordinator::answer(const std::string& site, const StageAnswer& answer, double now) {
  require_member(site);
  if (is_finished()) return {ReceiptKind::kStale, "the federation is finished"};
  require(protocol_ != nullptr, ErrorCode::kMismatch, "the updates of this federation are not protected: there is no stage to answer");
  if (answer.round != state_.round || !is_asked(site)) return {ReceiptKind::kStale, "round " + std::to_string(answer.round) + " is not open for this site"};
  const Receipt receipt = protocol_->receive(site, answer, now);
  if (receipt.kind == ReceiptKind::kRejected) return reject(site, receipt.reason);
  if (receipt.kind == ReceiptKind::kAccepted) {
    rejected_.erase(site);
    declined_.erase(site);
  }
  return receipt;
}

Receipt Coordinator::receive(const std::string& site, Update update) {
  require_member(site);
  if (is_finished()) return {ReceiptKind::kStale, "the federation is finished"};
  if (!settings_.protection.is_plain()) return {ReceiptKind::kRejected, "the plan protects updates: one that is not protected is not taken"};
  update.site = site;  // the certificate decides, not the message
  update.discount = 1;
  if (update.round < state_.round) return receive_late(site, std::move(update));
  if (has_answered(site)) return {ReceiptKind::kDuplicate, ""};
  try {
    require(is_asked(site), ErrorCode::kMismatch, "update of site \"" + site + "\": other sites are asked to train in this round");
    require_valid(update, state_.global, state_.round, global_digest_);
    if (state_.round < settings_.rounds) require_usable(settings_.aggregation, update);
    require(state_.round < settings_.rounds || UpdateWeights(update).size() == 0, ErrorCode::kMismatch, "update of site \"" + site + "\": the last look takes no weights");
  } catch (const Error& error) {  // one bad update is an outcome of the round, not its end
    return reject(site, error.what());
  }
  rejected_.erase(site);
  declined_.erase(site);
  accepted_.insert_or_assign({site, state_.round}, std::move(update));
  return {};
}

Receipt Coordinator::receive_late(const std::string& site, Update update) {
  const std::int64_t age = state_.round - update.round;
  const std::string closed = "round " + std::to_string(update.round) + " is closed";
  if (settings_.policy.late == LateUpdates::kRefuse) return {ReceiptKind::kStale, closed};
  if (state_.round >= settings_.rounds || update.round < 0) return {ReceiptKind::kStale, closed + ", and so is the training"};
  if (age > settings_.policy.most_staleness) return {ReceiptKind::kStale, closed + ", " + std::to_string(age) + " rounds ago; updates count for " + std::to_string(settings_.policy.most_staleness)};
  if (accepted_.contains({site, update.round})) return {ReceiptKind::kDuplicate, ""};
  const RoundReport& then = state_.reports[static_cast<std::size_t>(update.round)];
  const auto outcome = std::find_if(then.sites.begin(), then.sites.end(), [&](const SiteOutcome& o) { return o.site == site; });
  if (outcome != then.sites.end() && outcome->participation == Participation::kAccepted) return {ReceiptKind::kDuplicate, ""};
  try {
    require_valid(update, state_.global, update.round, then.base_digest);
    require_usable(settings_.aggregation, update);
  } catch (const Error& error) {
    return {ReceiptKind::kRejected, error.what()};
  }
  update.discount = staleness_discount(age);
  accepted_.insert_or_assign({site, update.round}, std::move(update));
  return {};
}

Receipt Coordinator::reject(const std::string& site, const std::string& reason) {
  rejected_[site] = printable(reason);  // it may quote a site's bytes, and is stored, logged and sent
  return {ReceiptKind::kRejected, rejected_[site]};
}

Receipt Coordinator::decline(const std::string& site, const std::string& reason) {
  require_member(site);
  declined_[site] = "the site refuses the plan: " + printable(reason);
  return {ReceiptKind::kRejected, declined_[site]};
}

std::vector<std::string> Coordinator::waiting_for() const {
  std::vector<std::string> names;
  if (protocol_) {
    names = protocol_->waiting_for();
    if (protocol_->is_gathering()) std::erase_if(names, [&](const std::string& site) { return declined_.contains(site); });
    return names;
  }
  for (const std::string& site : asked_)
    if (!has_answered(site) && !rejected_.contains(site) && !declined_.contains(site)) names.push_back(site);
  return names;
}

std::int64_t Coordinator::known_cases(const std::string& site) const {
  for (auto report = state_.reports.rbegin(); report != state_.reports.rend(); ++report)
    for (const SiteOutcome& outcome : report->sites)
      if (outcome.site == site && outcome.cases > 0) return outcome.cases;
  return 0;
}

double Coordinator::share_of_missing_cases() const {
  double missing = 0, all = 0;
  for (const std::string& site : asked_) {
    const auto cases = static_cast<double>(known_cases(site));
    all += cases;
    if (!has_answered(site)) missing += cases;
  }
  return all > 0 ? missing / all : 0;
}

std::optional<RoundReport> Coordinator::advance(double now) {
  if (is_finished()) return std::nullopt;
  if (!settings_.protection.is_plain()) return advance_protected(now);
  const auto updates = static_cast<std::int64_t>(accepted_.size());
  const bool last_look = state_.round == settings_.rounds;  // nothing is averaged: it needs no quorum
  const bool enough = settings_.policy.close_after > 0 && updates >= settings_.policy.close_after && !last_look;
  // The largest sites are often the slowest: they get the time of one more round before it is closed without them.
  const auto patient = [&] { return !last_look && share_of_missing_cases() > 1 - settings_.policy.cases_quorum; };
  const bool late = now >= deadline() && (now >= 2 * deadline() - opened_ || !patient());
  if (!(waiting_for().empty() || enough || late) || (updates < quorum_of(settings_) && !last_look)) return std::nullopt;
  RoundReport report = close();
  open_round(now);
  return report;
}

namespace {

/// What each update was beside the others, into the round's report. Late updates that are merged are of other models: a round with one is left out.
void note_contributions(RoundReport& report, const ModelState& global, std::span<const Update> updates, const SiteWeights& weights) {
  if (std::any_of(updates.begin(), updates.end(), [&](const Update& update) { return update.round != report.round; })) return;
  const auto found = contributions(global, updates);
  const auto shared = shared_cases(updates);
  for (SiteOutcome& site : report.sites) {
    for (const char* own_word : kContributionMetrics) site.metrics.erase(own_word);
    if (const auto cases = shared.find(site.site); cases != shared.end()) site.metrics["shared_cases"] = static_cast<double>(cases->second);
    if (const auto own = found.find(site.site); own != found.end()) note(own->second, site.metrics);
    if (const auto weight = weights.find(site.site); weight != weights.end() && found.contains(site.site)) site.metrics["rule_weight"] = weight->second;
  }
}

/// The same of groups of sites, whose updates are sums: what stands out is a group, and nobody sees which of its sites it was.
void note_groups(RoundReport& report, const ModelState& global, std::span<const Update> means, const SiteWeights& weights) {
  for (const auto& [name, contribution] : contributions(global, means)) {
    std::map<std::string, double> figures;
    note(contribution, figures);
    if (const auto weight = weights.find(name); weight != weights.end()) figures["rule_weight"] = weight->second;
    for (const auto& [figure, value] : figures) report.sums["group." + name.substr(name.find(' ') + 1) + "." + figure] = value;
  }
}

}  // namespace

SiteOutcome Coordinator::outcome_of(const std::string& site) const {
  SiteOutcome outcome{site, Participation::kLate, "nothing came before the round was closed", 0, {}, {}};
  const auto take = [&](const Update& update) {
    outcome.metrics = update.metrics;
    outcome.commitment = update.commitment;
    for (const auto& [group, cases] : update.cases_per_group) outcome.cases = std::max(outcome.cases, cases);
  };
  const auto older = accepted_.lower_bound({site, 0});
  if (const auto found = accepted_.find({site, state_.round}); found != accepted_.end()) {
    outcome.participation = Participation::kAccepted;
    outcome.reason.clear();
    outcome.validation = found->second.validation;
    take(found->second);
  } else if (older != accepted_.end() && older->first.first == site) {
    outcome.participation = Participation::kMerged;
    outcome.reason = "its update of round " + std::to_string(older->second.round) + " came late, and counts with a factor";
    take(older->second);
  } else if (const auto refused = rejected_.find(site); refused != rejected_.end()) {
    outcome.participation = Participation::kRejected;
    outcome.reason = refused->second;
  } else if (const auto declined = declined_.find(site); declined != declined_.end()) {
    outcome.participation = Participation::kRejected;
    outcome.reason = declined->second;
  } else if (!is_asked(site)) {
    outcome.participation = Participation::kNotAsked;
    outcome.reason.clear();
  } else if (const std::int64_t cases = known_cases(site); cases > 0) {
    outcome.reason += "; when it last took part it had " + std::to_string(cases) + " cases";
  }
  return outcome;
}

/// Chooses the best model so far by what the sites say of the one that the round started from.
void Coordinator::judge_base(RoundReport& report, double weighted_score, double weights) {
  if (report.validation_cases <= 0) return;
  report.validation = weighted_score / weights;
  if (report.validation <= state_.best_validation) return;
  state_.best_validation = report.validation;
  state_.best_round = state_.round;
}

void Coordinator::end_round(RoundReport& report, const std::vector<Update>& updates) {
  if (state_.round < settings_.rounds && !(updates.empty() && protocol_)) {
    const auto& privacy = settings_.protection.privacy;
    const auto begin = [&](ModelState global) {
      state_.global = std::move(global);
      if (on_global_) on_global_(state_.global, state_.round + 1);
    };
    if (privacy && !protocol_) {
      begin(private_round(*privacy, noise_multiplier_, static_cast<std::int64_t>(asked_.size()), state_.global, updates, state_.reports, report.sums));
    } else {
      WeighedModel next = aggregate_weighed(settings_.aggregation, state_.global, updates, state_.reports, settings_.sites.size(), state_.memory);
      begin(std::move(next.global));
      if (!protocol_) note_contributions(report, state_.global, updates, next.weights);  // of the model it needs the layout only
      else if (updates.size() > 1) note_groups(report, state_.global, updates, next.weights);
    }
    if (privacy && protocol_) note_shares(*privacy, noise_multiplier_, state_.round + 1, share_grid_of(plan().protection, value_count(state_.global)), report.sums);
    hash_global();
  }
  report.result_digest = global_digest_;
  ++state_.round;
  if (state_.best_validation < 0) state_.best_round = std::min(state_.round, settings_.rounds);
  if (!state_.reports.empty()) shorten(state_.reports.back());
  state_.reports.push_back(report);
  if (state_.reports.size() > remembered_rounds()) forget_outcomes(state_.reports, state_.reports.size() - remembered_rounds() - 1, remembered_rounds());
}

/// An update that comes late is compared with the round that it was made for.
std::size_t Coordinator::remembered_rounds() const {
  constexpr std::int64_t kLeast = 32;
  return static_cast<std::size_t>(std::max(kLeast, settings_.policy.most_staleness + 1));
}

RoundReport Coordinator::close() {
  RoundReport report;
  report.round = state_.round;
  report.base_digest = global_digest_;
  double score = 0, weights = 0;
  for (const std::string& site : settings_.sites) {
    report.sites.push_back(outcome_of(site));
    const Validation& validation = report.sites.back().validation;
    const double weight = static_cast<double>(validation.cases) * validation.weight;
    score += validation.score * weight;
    weights += weight;
    report.validation_cases += validation.cases;
  }
  judge_base(report, score, weights);
  std::vector<Update> updates;
  for (auto& [site_and_round, update] : accepted_) updates.push_back(std::move(update));
  accepted_.clear();
  if (settings_.protection.groups && state_.round < settings_.rounds) count_owners(*settings_.protection.groups, state_.global, updates, report.sums);
  end_round(report, updates);
  return report;
}

std::optional<RoundReport> Coordinator::advance_protected(double now) {
  require(protocol_ != nullptr, ErrorCode::kUnexpected, "the updates are protected, and no protocol is set");
  const bool last_look = state_.round == settings_.rounds, late = now >= deadline();
  std::optional<RoundReport> report;
  if (protocol_->is_gathering()) {
    const auto ready = static_cast<std::int64_t>(protocol_->answered().size());
    const std::int64_t needed = std::max(last_look ? 0 : quorum_of(settings_), protocol_->least());
    const bool enough = ready >= needed, complete = waiting_for().empty();
    const std::string hindrance = protocol_->hindrance();
    if (enough && hindrance.empty() && (complete || late)) {
      protocol_->begin(now);
      ++stage_version_;
    } else if ((last_look && late && (!enough || !hindrance.empty())) || (enough && now >= 2 * deadline() - opened_)) {
      // Nothing that may still come would help: better no step than no end.
      report = close_protected(std::nullopt, hindrance.empty() ? "too few sites were there for a sum that hides them" : hindrance);
    }
  }
  if (!report && protocol_->advance(now)) ++stage_version_;
  if (!report)
    if (auto sum = protocol_->take_sum()) report = close_protected(std::move(sum), "");
  if (report) open_round(now);
  return report;
}

RoundReport Coordinator::close_protected(std::optional<ProtectedSum> sum, const std::string& why_not) {
  RoundReport report;
  report.round = state_.round;
  report.base_digest = global_digest_;
  const std::map<std::string, std::string> failures = protocol_->failures();
  for (const std::string& site : settings_.sites) {
    SiteOutcome outcome{site, Participation::kLate, sum ? "nothing came before the round was closed" : why_not, 0, {}, {}};
    if (sum && std::binary_search(sum->contributors.begin(), sum->contributors.end(), site)) {
      outcome.participation = Participation::kAccepted;
      outcome.reason.clear();
    } else if (!is_asked(site)) {
      outcome.participation = Participation::kNotAsked;
      outcome.reason.clear();
    } else if (const auto failed = failures.find(site); failed != failures.end()) {
      outcome.reason = printable(failed->second);
      if (rejected_.contains(site)) outcome.participation = Participation::kRejected;
    } else if (const auto declined = declined_.find(site); declined != declined_.end()) {
      outcome.participation = Participation::kRejected;
      outcome.reason = declined->second;
    }
    report.sites.push_back(std::move(outcome));
  }
  std::vector<Update> updates;
  if (sum) {
    report.validation_cases = sum->validation.cases;
    judge_base(report, sum->validation.score, 1);
    report.sums = std::move(sum->metrics);
    for (GroupMean& group : sum->groups) {
      for (SiteOutcome& site : report.sites)
        if (std::binary_search(group.sites.begin(), group.sites.end(), site.site)) site.metrics[kSumGroupMetric] = static_cast<double>(group.number);
      updates.push_back(std::move(group.mean));
    }
    if (sum->groups.empty()) updates.push_back(std::move(sum->mean));
  }
  end_round(report, updates);
  return report;
}

}  // namespace consilium::fl
