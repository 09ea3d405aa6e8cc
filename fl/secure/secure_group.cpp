#include "fl/secure/secure_group.h"

#include <algorithm>

#include "base/error.h"
#include "fl/secure/key_agreement.h"
#include "fl/secure/recover.h"

namespace consilium::fl {

SecureGroup::SecureGroup(Cohort cohort, const SecureAggregationSettings& settings, const MaskedLayout& layout) : cohort_(std::move(cohort)), settings_(settings), layout_(layout), said_(cohort_.size()), expected_(cohort_.size(), true) {}

bool SecureGroup::expects(const std::string& site) const {
  const auto number = cohort_.number_of(site);
  return number && given_up_.empty() && expected_[*number] && !said(*number).has_left;
}

std::vector<std::string> SecureGroup::names_that(bool have_answered) const {
  std::vector<std::string> names;
  for (std::uint32_t n = 0; n < cohort_.size(); ++n)
    if (said(n).has_answered == have_answered && expects(cohort_[n].name)) names.push_back(cohort_[n].name);
  return names;
}

std::string SecureGroup::body_for(SecureStep step, const std::string& site) const {
  std::vector<Numbered> list;
  if (step == SecureStep::kConsistency) return encode(addends_);
  if (step == SecureStep::kMask) {
    const std::uint32_t own = number_of(site);
    for (const std::uint32_t other : cohort_.neighbours(own))
      if (sharers_[other]) list.push_back({other, said(other).sealed.at(own)});
    return encode(MaskStage{sharers_, std::move(list)});
  }
  require(step == SecureStep::kUnmask, ErrorCode::kUnexpected, "a step that all groups share");
  for (std::uint32_t n = 0; n < cohort_.size(); ++n)
    if (addends_[n] && !said(n).signature.empty()) list.push_back({n, said(n).signature});
  return encode(list);
}

void SecureGroup::take(SecureStep step, const std::string& site, const StageAnswer& answer) {
  const std::uint32_t number = number_of(site);
  switch (step) {
    case SecureStep::kAdvertise: throw Error(ErrorCode::kUnexpected, "a group gathers nobody");
    case SecureStep::kShare: take_shares(number, answer.body); break;
    case SecureStep::kMask: take_file(number, answer.file); break;
    case SecureStep::kConsistency: take_signature(number, answer.body); break;
    case SecureStep::kUnmask: take_opening(number, answer.body); break;
  }
  said(number).has_answered = true;
}

void SecureGroup::take_shares(std::uint32_t site, const std::string& body) {
  const std::vector<Numbered> sealed = parse_numbered(body, cohort_.size(), kMostSealedShareBytes);
  const std::vector<std::uint32_t>& neighbours = cohort_.neighbours(site);
  const bool fits = sealed.size() == neighbours.size() && std::equal(sealed.begin(), sealed.end(), neighbours.begin(), [](const Numbered& one, std::uint32_t neighbour) { return one.site == neighbour; });
  require(fits, ErrorCode::kRefused, "sends shares to other sites than its neighbours");
  for (const Numbered& one : sealed) said(site).sealed[one.site] = one.bytes;
}

void SecureGroup::take_file(std::uint32_t site, const std::filesystem::path& file) {
  require(!file.empty() && std::filesystem::file_size(file) == layout_.size_bytes(masked_value_bytes(settings_, cohort_.size())), ErrorCode::kMismatch, "sends a masked update of another size");
  said(site).file = file;
}

void SecureGroup::take_signature(std::uint32_t site, const std::string& body) {
  require(body.size() <= kMostSignatureBytes && cohort_.has_signed(site, cohort_.agreement_bytes(sharers_, addends_), body), ErrorCode::kRefused, "has not signed that these sites are in the sum");
  said(site).signature = body;
}

void SecureGroup::take_opening(std::uint32_t site, const std::string& body) {
  for (NumberedShare& share : parse_shares(body, cohort_.size())) {
    require(sharers_[share.site] && (share.site == site || cohort_.are_neighbours(site, share.site)), ErrorCode::kRefused, "sends a share that it cannot have");
    said(site).shares[share.site] = share.share;
  }
}

void SecureGroup::lose(const std::string& site) {
  said(number_of(site)).has_answered = false;
  said(number_of(site)).has_left = true;
}

bool SecureGroup::is_complete(SecureStep step) const { return !given_up_.empty() || names_that(false).empty() || (step == SecureStep::kUnmask && !needs_all_ && can_open()); }

void SecureGroup::leave(SecureStep step, std::map<std::string, std::string>& failures) {
  SiteSet there(cohort_.size());
  for (std::uint32_t n = 0; n < there.size(); ++n) {
    there[n] = expected_[n] && !said(n).has_left && said(n).has_answered;
    if (expected_[n] && !there[n]) failures.try_emplace(cohort_[n].name, "was not heard of while " + std::string(to_string(step)));
  }
  // Who is in the sum stays in it, whether or not he signs.
  const bool enough = step == SecureStep::kConsistency ? count_of(there) >= cohort_.threshold() : cohort_.can_go_on_with(there);
  if (!enough) return give_up("too few sites were left while " + std::string(to_string(step)));
  if (step == SecureStep::kShare) sharers_ = expected_ = there;
  if (step == SecureStep::kMask) addends_ = expected_ = there;
  for (Said& said : said_) said.has_answered = false;
}

bool SecureGroup::can_open() const {
  for (std::uint32_t n = 0; n < cohort_.size(); ++n) {
    if (!sharers_[n]) continue;
    std::size_t shares = 0;
    for (const std::uint32_t holder : cohort_.holders(n)) shares += said(holder).shares.count(n);
    if (shares < cohort_.share_threshold(n)) return false;
  }
  return true;
}

/// Of a site in the sum the seed of its own mask, of one that has dropped out the key of its pairs' masks: what its holders told, and as its advertisement says that it must be.
Secret32 SecureGroup::recovered(std::uint32_t site) const {
  std::vector<std::uint32_t> places;
  std::vector<Secret32> shares;
  for (const std::uint32_t holder : cohort_.holders(site))
    if (const auto share = said(holder).shares.find(site); share != said(holder).shares.end()) {
      places.push_back(holder + 1);
      shares.push_back(share->second);
    }
  const Advertisement& a = cohort_[site];
  const auto is_right = [&](const Secret32& secret) { return addends_[site] ? seed_commitment(cohort_.context(), secret) == a.seed_commitment : x25519_public_key(secret) == a.mask_key; };
  const auto secret = recover_secret(places, shares, cohort_.share_threshold(site), is_right);
  require(secret.has_value(), ErrorCode::kMismatch, "the shares of site \"" + a.name + "\" do not give its secret: a site has sent wrong ones");
  return *secret;
}

/// What does not cancel: the own mask of a site in the sum, the masks with it of one that has dropped out.
std::vector<KeyedMask> SecureGroup::masks_left_by(std::uint32_t site) const {
  const Secret32 secret = recovered(site);
  const std::string& name = cohort_[site].name;
  if (addends_[site]) return {{own_mask_key(cohort_.context(), secret, name), MaskSign::kSubtract}};
  std::vector<KeyedMask> masks;
  for (const std::uint32_t other : cohort_.neighbours(site)) {
    if (!addends_[other]) continue;
    // `other` has added this mask if its name comes first, and subtracted it else.
    const std::string& peer = cohort_[other].name;
    const bool is_low = peer < name;
    masks.push_back({pair_mask_key(cohort_.context(), secret, cohort_[other].mask_key, is_low ? peer : name, is_low ? name : peer), is_low ? MaskSign::kSubtract : MaskSign::kAdd});
  }
  return masks;
}

MaskedSum SecureGroup::opened() const {
  std::vector<std::filesystem::path> files;
  std::vector<KeyedMask> masks;
  for (std::uint32_t n = 0; n < cohort_.size(); ++n) {
    if (!sharers_[n]) continue;
    if (addends_[n]) files.push_back(said(n).file);
    for (KeyedMask& mask : masks_left_by(n)) masks.push_back(std::move(mask));
  }
  return MaskedSum(files, layout_, masked_value_bytes(settings_, cohort_.size()), std::move(masks));
}

}  // namespace consilium::fl
