#include "fl/secure/secure_round.h"

#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "fl/secure/group_draw.h"
#include "fl/unpredictable.h"

namespace consilium::fl {
namespace {

constexpr double kFirstPause = 0.1, kMostPause = 30;  // seconds between attempts that fail

}  // namespace

SecureRound::SecureRound(SecureRoundOptions options, RoundPlan plan, std::vector<std::string> asked, const ModelState& global)
    : options_(std::move(options)), plan_(std::move(plan)), settings_(*plan_.protection.secure_aggregation), asked_(std::move(asked)), layout_(masked_layout(plan_, global)), plan_digest_(plan_digest_of(plan_)), attempt_(unpredictable_bytes(kAttemptBytes)) {
  for (const std::string& site : asked_) ready_[site];
}
SecureRound::~SecureRound() = default;

AttemptContext SecureRound::context() const { return {options_.federation, plan_.round, attempt_, plan_digest_}; }

/// Of a site that is still expected to say something.
std::optional<std::int64_t> SecureRound::number_of_group(const std::string& site) const {
  for (const auto& [number, group] : groups_)
    if (group.expects(site)) return number;
  return std::nullopt;
}

std::vector<std::string> SecureRound::names_that(bool have_answered) const {
  std::vector<std::string> names;
  if (is_gathering())
    for (const auto& [site, ready] : ready_)
      if (ready.has_answered == have_answered) names.push_back(site);
  for (const auto& [number, group] : groups_)
    for (std::string& name : group.names_that(have_answered)) names.push_back(std::move(name));
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> SecureRound::answered() const { return names_that(true); }
std::vector<std::string> SecureRound::waiting_for() const { return names_that(false); }

std::vector<Advertisement> SecureRound::advertised() const {
  std::vector<Advertisement> list;
  for (const auto& [site, ready] : ready_)
    if (ready.has_answered) list.push_back(ready.advertisement);
  return list;
}

/// Without groups: the sites of a sum of this round that some have helped to open: they will open no other.
std::vector<std::string> SecureRound::opened_before() const {
  for (const auto& [site, ready] : ready_)
    if (ready.has_answered && !ready.advertisement.opened.empty()) return ready.advertisement.opened;
  return {};
}

std::string SecureRound::hindrance() const {
  if (!broken_.empty()) return broken_;
  if (is_paused_) return last_failure_;
  if (is_grouped()) {
    const std::size_t groups = draw_groups(advertised(), context(), settings_).groups.size();
    return groups >= static_cast<std::size_t>(settings_.least_groups) ? "" : "the sites that are there make " + std::to_string(groups) + " groups, and " + std::to_string(settings_.least_groups) + " are needed";
  }
  for (const std::string& site : opened_before())
    if (const auto found = ready_.find(site); found == ready_.end() || !found->second.has_answered) return "a sum of this round was opened before and got lost; it takes the same sites again, and site \"" + site + "\" is missing";
  return "";
}

std::optional<RoundStage> SecureRound::stage_for(const std::string& site) const {
  RoundStage stage{kSecureAggregationWord, kSecureAggregationVersion, attempt_, static_cast<std::uint32_t>(step_), ""};
  if (is_gathering()) return ready_.contains(site) ? std::optional(stage) : std::nullopt;
  const auto number = number_of_group(site);
  if (!number) return std::nullopt;
  stage.body = step_ == SecureStep::kShare ? advertisements_ : groups_.at(*number).body_for(step_, site);
  return stage;
}

void SecureRound::take_advertisement(const std::string& site, const std::string& body) {
  const Advertisement a = parse_advertisement(body);
  require(a.name == site, ErrorCode::kMismatch, "advertises the keys of another site");
  require_sound(a, context(), options_.check);
  for (const auto& [other, ready] : ready_) {
    if (other == site || !ready.has_answered) continue;
    const Advertisement& known = ready.advertisement;
    for (const std::string& key : {known.cipher_key, known.mask_key, known.seed_commitment}) require(key != a.cipher_key && key != a.mask_key && key != a.seed_commitment, ErrorCode::kRefused, "advertises a key of another site");
  }
  require(a.opened.empty() || (std::is_sorted(a.opened.begin(), a.opened.end()) && std::binary_search(a.opened.begin(), a.opened.end(), site)), ErrorCode::kRefused, "says that it has helped to open a sum that it is not in");
  const std::vector<std::string> before = is_grouped() ? std::vector<std::string>() : opened_before();
  require(a.opened.empty() || before.empty() || a.opened == before, ErrorCode::kRefused, "says that another sum of this round was opened than other sites say");
  ready_[site].advertisement = a;
}

Receipt SecureRound::receive(const std::string& site, const StageAnswer& answer, double) {
  const auto found = ready_.find(site);
  if (found == ready_.end() || answer.attempt != attempt_) return {ReceiptKind::kStale, "that attempt is over"};
  const auto number = number_of_group(site);
  SecureGroup* const group = number ? &groups_.at(*number) : nullptr;
  if (!is_gathering() && group == nullptr) return {ReceiptKind::kStale, "this attempt goes on without the site"};
  const auto step = static_cast<std::uint32_t>(step_);
  if (answer.step < step) return {ReceiptKind::kStale, "that step is over"};
  const auto leave = [&](const std::string& why) {
    failures_[site] = why;
    if (group != nullptr) group->lose(site);
    else found->second.has_answered = false;
  };
  if (!answer.declined.empty()) {
    leave(printable(answer.declined));
    return {ReceiptKind::kAccepted, ""};  // that it cannot go on is an answer too
  }
  if (group != nullptr && group->has_answered(site)) return {ReceiptKind::kDuplicate, ""};
  try {
    require(answer.protocol == kSecureAggregationWord && answer.version == kSecureAggregationVersion && answer.step == step, ErrorCode::kMismatch, "answers another stage than the present one");
    if (group != nullptr) group->take(step_, site, answer);
    else take_advertisement(site, answer.body);
  } catch (const Error& error) {
    const std::string why = "answer of site \"" + site + "\" (" + std::string(to_string(step_)) + "): " + error.what();
    leave(why);
    return {ReceiptKind::kRejected, why};
  }
  if (group == nullptr) found->second.has_answered = true;
  failures_.erase(site);
  return {};
}

void SecureRound::begin(double now) {
  require(is_gathering() && hindrance().empty(), ErrorCode::kUnexpected, "the sites cannot go on yet");
  const std::vector<Advertisement> all = advertised();
  const GroupDraw draw = draw_groups(all, context(), settings_);
  for (const auto& [site, why] : draw.left_out) failures_[site] = why;
  for (std::size_t n = 0; n < draw.groups.size(); ++n) {
    std::vector<Advertisement> members = group_of(draw.groups[n].front(), all, draw);
    if (!is_grouped()) advertisements_ = encode(members);
    try {
      groups_.try_emplace(static_cast<std::int64_t>(n) + 1, Cohort(std::move(members), context(), settings_, options_.check), settings_, layout_);
    } catch (const Error& error) {
      if (!is_grouped()) return begin_anew(error.what(), now);
      for (const std::string& site : draw.groups[n]) failures_[site] = error.what();
    }
  }
  if (is_grouped()) advertisements_ = encode(all);  // so that each site works the groups out itself
  step_ = SecureStep::kShare;
  step_ends_ = now + settings_.stage_seconds;
  for (auto& [site, ready] : ready_) ready.has_answered = false;
  goes_on_without_given_up(now);
}

void SecureRound::begin_anew(const std::string& why, double now) {
  attempt_ = unpredictable_bytes(kAttemptBytes);
  step_ = SecureStep::kAdvertise;
  last_failure_ = why;
  resumes_ = now + std::min(kMostPause, std::ldexp(kFirstPause, std::min(attempts_, 20)));
  is_paused_ = true;
  ++attempts_;
  groups_.clear();
  opened_.clear();
  for (auto& [site, ready] : ready_) ready = {};
}

std::size_t SecureRound::groups_left() const {
  return static_cast<std::size_t>(std::count_if(groups_.begin(), groups_.end(), [](const auto& entry) { return entry.second.given_up().empty(); }));
}

/// False: the attempt has ended.
bool SecureRound::goes_on_without_given_up(double now) {
  std::string last;
  for (const auto& [number, group] : groups_) {
    if (group.given_up().empty()) continue;
    last = group.given_up();
    if (!is_grouped()) continue;
    for (std::uint32_t n = 0; n < group.cohort().size(); ++n) failures_.try_emplace(group.cohort()[n].name, "its group " + std::to_string(number) + " was given up: " + last);
  }
  const auto needed = static_cast<std::size_t>(is_grouped() ? settings_.least_groups : 1);
  if (groups_left() >= needed) return true;
  begin_anew(is_grouped() ? std::to_string(groups_left()) + " groups of sites were left, and " + std::to_string(needed) + " are needed; the last that was given up: " + last : last, now);
  return false;
}

bool SecureRound::advance(double now) {
  if (is_paused_ && now >= resumes_) is_paused_ = false;
  if (is_gathering() || sum_) return false;
  const bool late = now >= step_ends_;
  if (!late && !std::all_of(groups_.begin(), groups_.end(), [&](const auto& entry) { return entry.second.is_complete(step_); })) return false;
  if (step_ == SecureStep::kUnmask) return open(late, now);
  for (auto& [number, group] : groups_)
    if (group.given_up().empty()) group.leave(step_, failures_);
  if (!goes_on_without_given_up(now)) return true;
  step_ = static_cast<SecureStep>(static_cast<std::uint32_t>(step_) + 1);
  step_ends_ = now + (step_ == SecureStep::kMask ? options_.mask_seconds : settings_.stage_seconds);
  return true;
}

/// False: more shares have to come first.
bool SecureRound::open_group(std::int64_t number, SecureGroup& group, bool is_late) {
  if (!group.can_open()) {
    group.give_up("too few sites were left to open the sum");
    return true;
  }
  try {
    const MaskedSum sum = group.opened();
    const std::string file = is_grouped() ? "sum." + std::to_string(number) + ".safetensors" : "sum.safetensors";
    opened_[number] = {open_sum(sum, layout_, settings_, group.contributors(), options_.folder / file, options_.noise_bound), summed_totals(sum, layout_)};
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCorruptData && error.code() != ErrorCode::kMismatch) throw;
    const bool may_come = error.code() == ErrorCode::kMismatch && !is_late && !group.names_that(false).empty();
    if (may_come) group.wait_for_all();
    else group.give_up(error.what());
    if (error.code() == ErrorCode::kCorruptData && !is_grouped()) broken_ = error.what();  // another attempt would give the same
    return !may_come;
  }
  return true;
}

bool SecureRound::open(bool is_late, double now) {
  for (auto& [number, group] : groups_)
    if (group.given_up().empty() && !opened_.contains(number) && !open_group(number, group, is_late)) return false;
  if (!goes_on_without_given_up(now)) return true;
  for (auto& [number, opened] : opened_) {
    opened.sum.mean.round = plan_.round;
    opened.sum.mean.base_digest = plan_.base_digest;
  }
  sum_ = is_grouped() ? sum_of_groups() : std::move(opened_.at(1).sum);
  return true;
}

/// The groups' means, each for itself, and what they say of all sites together.
ProtectedSum SecureRound::sum_of_groups() const {
  ProtectedSum all;
  std::vector<std::uint64_t> totals(layout_.totals());
  for (const auto& [number, opened] : opened_) {
    GroupMean group{number, opened.sum.mean, opened.sum.contributors};
    group.mean.site = "group " + std::to_string(number);
    all.contributors.insert(all.contributors.end(), group.sites.begin(), group.sites.end());
    for (std::size_t n = 0; n < totals.size(); ++n) totals[n] += opened.totals[n];
    all.groups.push_back(std::move(group));
  }
  std::sort(all.contributors.begin(), all.contributors.end());
  note_totals(parse_totals(totals, layout_, all.contributors.size(), settings_.most_cases), layout_, all);
  return all;
}

std::optional<ProtectedSum> SecureRound::take_sum() {
  std::optional<ProtectedSum> sum = std::move(sum_);
  sum_.reset();
  return sum;
}

}  // namespace consilium::fl
