#include "fl/secure/secure_site.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/files.h"
#include "fl/privacy/client_round.h"
#include "fl/secure/chacha20.h"
#include "fl/secure/group_draw.h"
#include "fl/secure/key_agreement.h"
#include "fl/secure/masked_sum.h"
#include "fl/secure/shamir.h"
#include "fl/wire/chunks.h"

namespace consilium::fl {
namespace {

constexpr std::int64_t kMostMembers = std::numeric_limits<std::int64_t>::max();  // before it is known who takes part

void refuse_unless(bool good, const std::string& why) { require(good, ErrorCode::kRefused, why); }

std::string sealed_words(const std::string& from, const std::string& to) {
  std::string bytes;
  put_part(bytes, from);
  put_part(bytes, to);
  return bytes;
}

}  // namespace

/// All secrets of one attempt.
struct SecureSite::Attempt {
  AttemptContext context;
  Secret32 cipher_key, mask_key, seed;  ///< private
  Advertisement own;
  std::optional<Cohort> cohort;
  std::uint32_t number = 0;             ///< of this site in the cohort
  struct Held {
    Secret32 of_mask_key, of_seed;
  };
  std::map<std::uint32_t, Held> held;   ///< shares of others' secrets, and of its own
  SiteSet sharers, addends;
  std::string values;                   ///< digest of this site's values, where they get noise
  std::uint32_t next = 0;               ///< the step that comes
  std::map<std::uint32_t, std::pair<std::string, StageAnswer>> said;  ///< by step: digest of the stage's body, and the answer
};

SecureSite::SecureSite(SecureSiteOptions options) : options_(std::move(options)), opened_(options_.folder / "opened_sums.json", options_.durability) {}
SecureSite::~SecureSite() = default;

void SecureSite::begin(const RoundStage& stage, const RoundPlan& plan) {
  attempt_.reset();  // wiped before anything new is drawn
  refuse_unless(stage.step == 0, "this site knows nothing of this attempt: it has been started anew since");
  auto attempt = std::make_unique<Attempt>();
  attempt->context = {options_.federation, plan.round, stage.attempt, plan_digest_of(plan)};
  attempt->cipher_key = random_secret();
  attempt->mask_key = random_secret();
  attempt->seed = random_secret();
  attempt_ = std::move(attempt);
}

std::optional<StageAnswer> SecureSite::answer(const RoundStage& stage, const RoundPlan& plan, const ModelState& global, const Update& update) {
  if (stage.attempt == over_) return stage.step == last_words_.step ? std::optional(last_words_) : std::nullopt;
  StageAnswer answer{plan.round, stage.protocol, kSecureAggregationVersion, stage.attempt, stage.step, "", {}, ""};
  try {
    refuse_unless(stage.protocol == kSecureAggregationWord && stage.version == kSecureAggregationVersion && stage.step < kSecureSteps && plan.protection.secure_aggregation.has_value(), "a stage of a protocol that this site does not speak");
    if (!attempt_ || attempt_->context.attempt != stage.attempt) begin(stage, plan);
    refuse_unless(attempt_->context.round == plan.round && attempt_->context.plan_digest == plan_digest_of(plan), "the plan has changed within an attempt");
    const std::string digest = sha256(stage.body);
    if (const auto said = attempt_->said.find(stage.step); said != attempt_->said.end()) {
      refuse_unless(said->second.first == digest, std::string("the coordinator has said two different things while ") + std::string(to_string(static_cast<SecureStep>(stage.step))));
      return said->second.second;
    }
    refuse_unless(stage.step == attempt_->next, "the coordinator leaves out a step, or goes back");
    const MaskedLayout layout = masked_layout(plan, global);
    switch (static_cast<SecureStep>(stage.step)) {
      case SecureStep::kAdvertise: answer.body = advertise(layout, plan, update); break;
      case SecureStep::kShare: answer.body = share(stage.body, plan); break;
      case SecureStep::kMask: answer.file = mask(stage.body, layout, plan, update); break;
      case SecureStep::kConsistency: answer.body = agree(stage.body, layout, plan); break;
      case SecureStep::kUnmask: answer.body = open(stage.body, plan); break;
    }
    attempt_->next = stage.step + 1;
    attempt_->said[stage.step] = {digest, answer};
    return answer;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kRefused && error.code() != ErrorCode::kCorruptData) throw;
    attempt_.reset();  // no secret of this attempt can be asked for any more
    over_ = stage.attempt;
    last_words_ = answer;
    last_words_.declined = error.what();
    return last_words_;
  }
}

/// Two sums of one round with other noise on the same values, or with the same noise on other values, would hide less than one: who averages or subtracts them takes noise off.
void SecureSite::require_same_noise(const RoundPlan& plan, const std::string& values) const {
  refuse_unless(opened_.of_round(plan.round).empty() || noisy_sum_ == std::pair(plan.round, values), "this site has helped to open a sum of round " + std::to_string(plan.round + 1) + " before, and cannot add the same noise to the same values again");
}

NoiseShare SecureSite::noise_share(const RoundPlan& plan, const MaskedLayout& layout) const {
  if (!asks_for_noise_shares(plan)) return {};
  AttemptContext any_attempt = attempt_->context;
  any_attempt.attempt.clear();
  return noise_share_of(plan, static_cast<std::int64_t>(layout.totals_begin), noise_secret_.derive(bound_bytes(any_attempt, "noise", attempt_->values)));
}

std::string SecureSite::advertise(const MaskedLayout& layout, const RoundPlan& plan, const Update& update) {
  const SiteIntegers checked(layout, plan.protection, update, kMostMembers);  // what cannot be sent is said before others rely on it
  Attempt& a = *attempt_;
  if (asks_for_noise_shares(plan)) {
    a.values = checked.digest();
    require_same_noise(plan, a.values);
  }
  a.own = {options_.identity.name, options_.identity.certificate, x25519_public_key(a.cipher_key), x25519_public_key(a.mask_key), seed_commitment(a.context, a.seed), opened_.of_round(plan.round), ""};
  a.own.signature = options_.identity.sign(bound_bytes(a.context, "advertise", advertised_bytes(a.own)));
  return encode(a.own);
}

/// Of all advertisements those of the sites whose sum this one is in. What the draw hangs on is checked: a site that is made up would move the others.
std::vector<Advertisement> SecureSite::own_group(std::vector<Advertisement> all, const AttemptContext& context, const SecureAggregationSettings& settings) const {
  if (settings.group_size == 0) return all;
  for (std::size_t n = 0; n < all.size(); ++n) {
    refuse_unless(n == 0 || all[n - 1].name < all[n].name, "the sites of an attempt are not in order, or one is there twice");
    require_sound(all[n], context, options_.check);
  }
  return group_of(options_.identity.name, all, draw_groups(all, context, settings));
}

std::string SecureSite::share(const std::string& body, const RoundPlan& plan) {
  Attempt& a = *attempt_;
  a.cohort.emplace(own_group(parse_advertisements(body), a.context, *plan.protection.secure_aggregation), a.context, *plan.protection.secure_aggregation, options_.check);
  const auto number = a.cohort->number_of(a.own.name);
  refuse_unless(number && (*a.cohort)[*number] == a.own, "this site is not among the sites of the attempt as it has advertised itself");
  a.number = *number;
  const std::vector<std::uint32_t> holders = a.cohort->holders(a.number);
  std::vector<std::uint32_t> places;
  for (const std::uint32_t holder : holders) places.push_back(holder + 1);
  const std::size_t threshold = a.cohort->share_threshold(a.number);
  const std::vector<Secret32> of_mask_key = split_secret(a.mask_key, threshold, places), of_seed = split_secret(a.seed, threshold, places);
  std::vector<Numbered> sealed;
  for (std::size_t n = 0; n < holders.size(); ++n) {
    if (holders[n] == a.number) {
      a.held[a.number] = {of_mask_key[n], of_seed[n]};
      continue;
    }
    const Advertisement& to = (*a.cohort)[holders[n]];
    std::string words = sealed_words(a.own.name, to.name) + std::string(of_mask_key[n].view()) + std::string(of_seed[n].view());
    const WipeAtEnd wipe(words);
    sealed.push_back({holders[n], seal_chacha20_poly1305(share_key(a.context, a.cipher_key, to.cipher_key, a.own.name, to.name), words, bound_bytes(a.context, "sealed share"))});
  }
  return encode(sealed);
}

std::filesystem::path SecureSite::mask(const std::string& body, const MaskedLayout& layout, const RoundPlan& plan, const Update& update) {
  Attempt& a = *attempt_;
  const MaskStage stage = parse_mask_stage(body, a.cohort->size());
  refuse_unless(stage.sharers[a.number] && a.cohort->can_go_on_with(stage.sharers), "too few sites share their secrets, or this one is left out, for a sum that hides it");
  a.sharers = stage.sharers;
  for (const Numbered& sealed : stage.sealed) {
    refuse_unless(stage.sharers[sealed.site] && a.cohort->are_neighbours(a.number, sealed.site), "a share from a site that shares nothing with this one");
    const Advertisement& from = (*a.cohort)[sealed.site];
    const std::string words = sealed_words(from.name, a.own.name);
    std::optional<std::string> opened = open_chacha20_poly1305(share_key(a.context, a.cipher_key, from.cipher_key, from.name, a.own.name), sealed.bytes, bound_bytes(a.context, "sealed share"));
    // One that does not open is missing later, no more: others hold shares too, and a single site must not be able to end the round.
    if (!opened || opened->size() != words.size() + 2 * Secret32::size() || !opened->starts_with(words)) continue;
    const WipeAtEnd wipe(*opened);
    const std::string_view shares = std::string_view(*opened).substr(words.size());
    a.held[sealed.site] = {Secret32(shares.substr(0, 32)), Secret32(shares.substr(32))};
  }
  std::vector<KeyedMask> masks{{own_mask_key(a.context, a.seed, a.own.name), MaskSign::kAdd}};
  for (const std::uint32_t other : a.cohort->neighbours(a.number)) {
    if (!stage.sharers[other]) continue;
    const Advertisement& peer = (*a.cohort)[other];
    const bool is_low = a.own.name < peer.name;
    masks.push_back({pair_mask_key(a.context, a.mask_key, peer.mask_key, is_low ? a.own.name : peer.name, is_low ? peer.name : a.own.name), pair_sign(a.own.name, peer.name)});
  }
  // Whoever drops out after this may own what others lack: see agree().
  if (plan.protection.groups) refuse_unless(static_cast<std::int64_t>(a.cohort->size()) <= plan.protection.groups->sites, "there are more sites than the plan says, so that its numbers of owners say nothing");
  const SiteIntegers integers(layout, plan.protection, update, static_cast<std::int64_t>(count_of(stage.sharers)), noise_share(plan, layout));
  const fs::path file = options_.folder / "masked_update";
  write_masked(file, layout, masked_value_bytes(*plan.protection.secure_aggregation, a.cohort->size()), [&](std::uint64_t position, std::span<std::uint64_t> block) { integers.fill(position, block); }, masks);
  return file;
}

std::string SecureSite::agree(const std::string& body, const MaskedLayout& layout, const RoundPlan& plan) {
  Attempt& a = *attempt_;
  a.addends = parse_site_set(body, a.cohort->size());
  for (std::uint32_t site = 0; site < a.cohort->size(); ++site) refuse_unless(!a.addends[site] || a.sharers[site], "the sum holds a site that has shared nothing");
  refuse_unless(a.addends[a.number] && a.cohort->can_go_on_with(a.addends), "too few sites are in the sum, or this one is left out, for a sum that hides it");
  // Every site says so, whatever it owns: who keeps silent would tell that it lacks the group.
  const auto sharers = static_cast<std::int64_t>(count_of(a.sharers)), addends = static_cast<std::int64_t>(count_of(a.addends));
  for (const std::string& group : layout.counted)
    refuse_unless(!may_be_summed(*plan.protection.groups, group, sharers) || may_be_summed(*plan.protection.groups, group, addends), "sites have dropped out, and the sum may hold too few owners of " + group + " to hide them");
  const std::vector<std::string> before = opened_.of_round(a.context.round);
  refuse_unless(before.empty() || before == a.cohort->names_of(a.addends), "this site has helped to open another sum of round " + std::to_string(a.context.round + 1) + " before: the two would tell the difference");
  return options_.identity.sign(a.cohort->agreement_bytes(a.sharers, a.addends));
}

std::string SecureSite::open(const std::string& body, const RoundPlan& plan) {
  Attempt& a = *attempt_;
  const std::vector<Numbered> signatures = parse_numbered(body, a.cohort->size(), kMostSignatureBytes);
  const std::string agreement = a.cohort->agreement_bytes(a.sharers, a.addends);
  for (const Numbered& s : signatures) refuse_unless(a.addends[s.site] && a.cohort->has_signed(s.site, agreement, s.bytes), "site \"" + (*a.cohort)[s.site].name + "\" has not signed that these sites are in the sum: the coordinator has told it something else");
  refuse_unless(signatures.size() >= a.cohort->threshold(), "too few sites have signed that these sites are in the sum");
  opened_.open(plan.round, a.cohort->names_of(a.addends));  // on disk before a share leaves
  if (asks_for_noise_shares(plan)) noisy_sum_ = {plan.round, a.values};
  std::vector<NumberedShare> shares;
  for (const auto& [site, held] : a.held)
    if (a.sharers[site]) shares.push_back({site, a.addends[site] ? held.of_seed : held.of_mask_key});  // never both of one site: this is said once in an attempt
  a.held.clear();
  a.mask_key = a.seed = a.cipher_key = Secret32();
  return encode(shares);
}

}  // namespace consilium::fl
