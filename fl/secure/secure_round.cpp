#include "fl/secure/secure_round.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "fl/secure/key_agreement.h"
#include "fl/secure/masked_sum.h"
#include "fl/secure/recover.h"
#include "fl/unpredictable.h"

namespace consilium::fl {
namespace {

constexpr double kFirstPause = 0.1, kMostPause = 30;  // seconds between attempts that fail

}  // namespace

SecureRound::SecureRound(SecureRoundOptions options, RoundPlan plan, std::vector<std::string> asked, const ModelState& global)
    : options_(std::move(options)), plan_(std::move(plan)), settings_(*plan_.protection.secure_aggregation), asked_(std::move(asked)), layout_(masked_layout(plan_, global)), plan_digest_(plan_digest_of(plan_)), attempt_(unpredictable_bytes(kAttemptBytes)) {
  for (const std::string& site : asked_) said_[site];
}
SecureRound::~SecureRound() = default;

AttemptContext SecureRound::context() const { return {options_.federation, plan_.round, attempt_, plan_digest_}; }

bool SecureRound::is_expected(const std::string& site) const {
  if (is_gathering()) return said_.contains(site);
  const auto number = cohort_->number_of(site);
  return number && expected_[*number] && !said_.at(site).has_left;
}

std::vector<std::string> SecureRound::answered() const {
  std::vector<std::string> names;
  for (const auto& [site, said] : said_)
    if (said.has_answered && is_expected(site)) names.push_back(site);
  return names;
}

std::vector<std::string> SecureRound::waiting_for() const {
  std::vector<std::string> names;
  for (const auto& [site, said] : said_)
    if (!said.has_answered && is_expected(site)) names.push_back(site);
  return names;
}

/// The sites of a sum of this round that some have helped to open: they will open no other.
std::vector<std::string> SecureRound::opened_before() const {
  for (const auto& [site, said] : said_)
    if (said.has_answered && !said.advertisement.opened.empty()) return said.advertisement.opened;
  return {};
}

std::string SecureRound::hindrance() const {
  if (!broken_.empty()) return broken_;
  if (is_paused_) return last_failure_;
  for (const std::string& site : opened_before())
    if (const auto found = said_.find(site); found == said_.end() || !found->second.has_answered) return "a sum of this round was opened before and got lost; it takes the same sites again, and site \"" + site + "\" is missing";
  return "";
}

std::optional<RoundStage> SecureRound::stage_for(const std::string& site) const {
  if (!is_expected(site)) return std::nullopt;
  RoundStage stage{kSecureAggregationWord, kSecureAggregationVersion, attempt_, static_cast<std::uint32_t>(step_), ""};
  if (is_gathering()) return stage;
  std::vector<Numbered> list;
  switch (step_) {
    case SecureStep::kShare: {
      std::vector<Advertisement> advertisements;
      for (std::uint32_t n = 0; n < cohort_->size(); ++n) advertisements.push_back((*cohort_)[n]);
      stage.body = encode(advertisements);
      break;
    }
    case SecureStep::kMask: {
      const std::uint32_t own = *cohort_->number_of(site);
      for (const std::uint32_t other : cohort_->neighbours(own))
        if (sharers_[other]) list.push_back({other, said(other).sealed.at(own)});
      stage.body = encode(MaskStage{sharers_, std::move(list)});
      break;
    }
    case SecureStep::kConsistency: stage.body = encode(addends_); break;
    case SecureStep::kUnmask:
      for (std::uint32_t n = 0; n < cohort_->size(); ++n)
        if (addends_[n] && !said(n).signature.empty()) list.push_back({n, said(n).signature});
      stage.body = encode(list);
      break;
    default: break;
  }
  return stage;
}

void SecureRound::take_advertisement(const std::string& site, const std::string& body) {
  const Advertisement a = parse_advertisement(body);
  require(a.name == site, ErrorCode::kMismatch, "advertises the keys of another site");
  require_sound(a, context(), options_.check);
  for (const auto& [other, said] : said_) {
    if (other == site || !said.has_answered) continue;
    const Advertisement& known = said.advertisement;
    for (const std::string& key : {known.cipher_key, known.mask_key, known.seed_commitment}) require(key != a.cipher_key && key != a.mask_key && key != a.seed_commitment, ErrorCode::kRefused, "advertises a key of another site");
  }
  require(a.opened.empty() || (std::is_sorted(a.opened.begin(), a.opened.end()) && std::binary_search(a.opened.begin(), a.opened.end(), site)), ErrorCode::kRefused, "says that it has helped to open a sum that it is not in");
  const std::vector<std::string> before = opened_before();
  require(a.opened.empty() || before.empty() || a.opened == before, ErrorCode::kRefused, "says that another sum of this round was opened than other sites say");
  said_[site].advertisement = a;
}

void SecureRound::take_shares(std::uint32_t site, const std::string& body) {
  const std::vector<Numbered> sealed = parse_numbered(body, cohort_->size(), kMostSealedShareBytes);
  const std::vector<std::uint32_t>& neighbours = cohort_->neighbours(site);
  const bool fits = sealed.size() == neighbours.size() && std::equal(sealed.begin(), sealed.end(), neighbours.begin(), [](const Numbered& one, std::uint32_t neighbour) { return one.site == neighbour; });
  require(fits, ErrorCode::kRefused, "sends shares to other sites than its neighbours");
  for (const Numbered& one : sealed) said(site).sealed[one.site] = one.bytes;
}

void SecureRound::take_signature(std::uint32_t site, const std::string& body) {
  require(body.size() <= kMostSignatureBytes && cohort_->has_signed(site, cohort_->agreement_bytes(sharers_, addends_), body), ErrorCode::kRefused, "has not signed that these sites are in the sum");
  said(site).signature = body;
}

void SecureRound::take_opening(std::uint32_t site, const std::string& body) {
  for (NumberedShare& share : parse_shares(body, cohort_->size())) {
    require(sharers_[share.site] && (share.site == site || cohort_->are_neighbours(site, share.site)), ErrorCode::kRefused, "sends a share that it cannot have");
    said(site).shares[share.site] = share.share;
  }
}

Receipt SecureRound::receive(const std::string& site, const StageAnswer& answer, double now) {
  const auto found = said_.find(site);
  if (found == said_.end() || answer.attempt != attempt_) return {ReceiptKind::kStale, "that attempt is over"};
  if (!is_expected(site)) return {ReceiptKind::kStale, "this attempt goes on without the site"};
  const auto step = static_cast<std::uint32_t>(step_);
  if (answer.step < step) return {ReceiptKind::kStale, "that step is over"};
  Said& said = found->second;
  const auto leave = [&](const std::string& why) {
    failures_[site] = why;
    said.has_answered = false;
    if (!is_gathering()) said.has_left = true;
  };
  if (!answer.declined.empty()) {
    leave(printable(answer.declined));
    return {ReceiptKind::kAccepted, ""};  // that it cannot go on is an answer too
  }
  if (said.has_answered && !is_gathering()) return {ReceiptKind::kDuplicate, ""};
  try {
    require(answer.protocol == kSecureAggregationWord && answer.version == kSecureAggregationVersion && answer.step == step, ErrorCode::kMismatch, "answers another stage than the present one");
    const std::uint32_t number = is_gathering() ? 0 : *cohort_->number_of(site);
    switch (step_) {
      case SecureStep::kAdvertise: take_advertisement(site, answer.body); break;
      case SecureStep::kShare: take_shares(number, answer.body); break;
      case SecureStep::kMask:
        require(!answer.file.empty() && std::filesystem::file_size(answer.file) == layout_.size_bytes(masked_value_bytes(settings_, cohort_->size())), ErrorCode::kMismatch, "sends a masked update of another size");
        said.file = answer.file;
        break;
      case SecureStep::kConsistency: take_signature(number, answer.body); break;
      case SecureStep::kUnmask: take_opening(number, answer.body); break;
    }
  } catch (const Error& error) {
    const std::string why = "answer of site \"" + site + "\" (" + std::string(to_string(step_)) + "): " + error.what();
    leave(why);
    return {ReceiptKind::kRejected, why};
  }
  said.has_answered = true;
  failures_.erase(site);
  (void)now;
  return {};
}

void SecureRound::begin(double now) {
  require(is_gathering() && hindrance().empty(), ErrorCode::kUnexpected, "the sites cannot go on yet");
  const std::vector<std::string> opened = opened_before();
  std::vector<Advertisement> advertisements;
  for (auto& [site, said] : said_) {
    if (!said.has_answered) continue;
    if (opened.empty() || std::binary_search(opened.begin(), opened.end(), site)) advertisements.push_back(said.advertisement);
    else failures_[site] = "a sum of this round was opened before and got lost: it is made again among the same sites";
  }
  try {
    cohort_.emplace(std::move(advertisements), context(), settings_, options_.check);
  } catch (const Error& error) {
    return begin_anew(error.what(), now);
  }
  expected_.assign(cohort_->size(), true);
  step_ = SecureStep::kShare;
  step_ends_ = now + settings_.stage_seconds;
  for (auto& [site, said] : said_) said.has_answered = false;
}

void SecureRound::begin_anew(const std::string& why, double now) {
  attempt_ = unpredictable_bytes(kAttemptBytes);
  step_ = SecureStep::kAdvertise;
  last_failure_ = why;
  resumes_ = now + std::min(kMostPause, std::ldexp(kFirstPause, std::min(attempts_, 20)));
  is_paused_ = true;
  ++attempts_;
  cohort_.reset();
  for (auto& [site, said] : said_) said = {};
}

bool SecureRound::advance(double now) {
  if (is_paused_ && now >= resumes_) is_paused_ = false;
  if (is_gathering() || sum_) return false;
  const bool late = now >= step_ends_;
  if (step_ == SecureStep::kUnmask ? !(can_open() || late || waiting_for().empty()) : !(late || waiting_for().empty())) return false;
  next_step(now);
  return true;
}

void SecureRound::next_step(double now) {
  if (step_ == SecureStep::kUnmask) {
    if (!can_open()) return begin_anew("too few sites were left to open the sum", now);
    try {
      return open();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kCorruptData) throw;
      broken_ = error.what();  // another attempt would give the same
      return begin_anew(broken_, now);
    }
  }
  SiteSet there(cohort_->size());
  for (std::uint32_t n = 0; n < there.size(); ++n) {
    there[n] = expected_[n] && !said(n).has_left && said(n).has_answered;
    if (expected_[n] && !there[n]) failures_.try_emplace((*cohort_)[n].name, "was not heard of while " + std::string(to_string(step_)));
  }
  // Who is in the sum stays in it, whether or not he signs.
  const bool enough = step_ == SecureStep::kConsistency ? count_of(there) >= cohort_->threshold() : cohort_->can_go_on_with(there);
  if (!enough) return begin_anew("too few sites were left while " + std::string(to_string(step_)), now);
  switch (step_) {
    case SecureStep::kShare: sharers_ = expected_ = there; break;
    case SecureStep::kMask: addends_ = expected_ = there; break;
    default: break;
  }
  step_ = static_cast<SecureStep>(static_cast<std::uint32_t>(step_) + 1);
  step_ends_ = now + (step_ == SecureStep::kMask ? options_.mask_seconds : settings_.stage_seconds);
  for (auto& [site, said] : said_) said.has_answered = false;
}

bool SecureRound::can_open() const {
  for (std::uint32_t n = 0; n < cohort_->size(); ++n) {
    if (!sharers_[n]) continue;
    std::size_t shares = 0;
    for (const std::uint32_t holder : cohort_->holders(n)) shares += said(holder).shares.count(n);
    if (shares < cohort_->share_threshold(n)) return false;
  }
  return true;
}

/// Of a site in the sum the seed of its own mask, of one that has dropped out the key of its pairs' masks: what its holders told, and as its advertisement says that it must be.
Secret32 SecureRound::recovered(std::uint32_t site) const {
  std::vector<std::uint32_t> places;
  std::vector<Secret32> shares;
  for (const std::uint32_t holder : cohort_->holders(site))
    if (const auto share = said(holder).shares.find(site); share != said(holder).shares.end()) {
      places.push_back(holder + 1);
      shares.push_back(share->second);
    }
  const Advertisement& a = (*cohort_)[site];
  const auto is_right = [&](const Secret32& secret) { return addends_[site] ? seed_commitment(cohort_->context(), secret) == a.seed_commitment : x25519_public_key(secret) == a.mask_key; };
  const auto secret = recover_secret(places, shares, cohort_->share_threshold(site), is_right);
  require(secret.has_value(), ErrorCode::kMismatch, "the shares of site \"" + a.name + "\" do not give its secret: a site has sent wrong ones");
  return *secret;
}

void SecureRound::open() {
  std::vector<std::filesystem::path> files;
  std::vector<KeyedMask> masks;
  for (std::uint32_t n = 0; n < cohort_->size(); ++n) {
    if (!sharers_[n]) continue;
    const Secret32 secret = recovered(n);
    const std::string& name = (*cohort_)[n].name;
    if (addends_[n]) {
      files.push_back(said(n).file);
      masks.push_back({own_mask_key(cohort_->context(), secret, name), MaskSign::kSubtract});
      continue;
    }
    for (const std::uint32_t other : cohort_->neighbours(n)) {
      if (!addends_[other]) continue;
      // `other` has added this mask if its name comes first, and subtracted it else.
      const std::string& peer = (*cohort_)[other].name;
      const bool is_low = peer < name;
      masks.push_back({pair_mask_key(cohort_->context(), secret, (*cohort_)[other].mask_key, is_low ? peer : name, is_low ? name : peer), is_low ? MaskSign::kSubtract : MaskSign::kAdd});
    }
  }
  const MaskedSum masked(files, layout_, masked_value_bytes(settings_, cohort_->size()), std::move(masks));
  sum_ = open_sum(masked, layout_, settings_, cohort_->names_of(addends_), options_.folder / "sum.safetensors", options_.noise_bound);
  sum_->mean.round = plan_.round;
  sum_->mean.base_digest = plan_.base_digest;
}

std::optional<ProtectedSum> SecureRound::take_sum() {
  std::optional<ProtectedSum> sum = std::move(sum_);
  sum_.reset();
  return sum;
}

}  // namespace consilium::fl
