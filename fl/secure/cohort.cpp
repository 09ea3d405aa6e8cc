#include "fl/secure/cohort.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "fl/secure/hkdf.h"
#include "fl/secure/key_agreement.h"
#include "fl/signature.h"
#include "fl/wire/chunks.h"

namespace consilium::fl {
namespace {

void refuse_unless(bool good, const std::string& why) { require(good, ErrorCode::kRefused, why); }

std::string both(const std::string& one, const std::string& other) {
  std::string bytes;
  put_part(bytes, one);
  put_part(bytes, other);
  return bytes;
}

}  // namespace

void require_sound(const Advertisement& a, const AttemptContext& context, const CertificateCheck& check) {
  const std::string who = "the keys of site \"" + printable(a.name) + "\"";
  check(a.name, a.certificate);
  bool holds = false;
  try {
    holds = is_signed(a.certificate, bound_bytes(context, "advertise", advertised_bytes(a)), a.signature);
  } catch (const Error&) {  // a certificate whose key signs in no way that is known here
  }
  refuse_unless(holds, who + " are not signed by it for this round and plan");
}

std::string seed_commitment(const AttemptContext& context, const Secret32& seed) {
  std::string bytes = bound_bytes(context, "commit to a seed", seed.view());
  const WipeAtEnd wipe(bytes);
  return sha256(bytes);
}

Secret32 share_key(const AttemptContext& context, const Secret32& own_private, const std::string& other_public, const std::string& from, const std::string& to) {
  return hkdf_sha256(x25519_shared_secret(own_private, other_public), bound_bytes(context, "share", both(from, to)));
}

Secret32 pair_mask_key(const AttemptContext& context, const Secret32& own_private, const std::string& other_public, const std::string& low, const std::string& high) {
  return hkdf_sha256(x25519_shared_secret(own_private, other_public), bound_bytes(context, "mask of a pair", both(low, high)));
}

Secret32 own_mask_key(const AttemptContext& context, const Secret32& seed, const std::string& name) { return hkdf_sha256(seed, bound_bytes(context, "own mask", name)); }

Cohort::Cohort(std::vector<Advertisement> advertisements, AttemptContext context, const SecureAggregationSettings& settings, const CertificateCheck& check) : advertisements_(std::move(advertisements)), context_(std::move(context)) {
  const std::int64_t threshold = threshold_in_sum(settings, size());
  refuse_unless(size() >= 2 && threshold >= 2 && static_cast<std::size_t>(threshold) <= size() && 2 * static_cast<std::size_t>(threshold) > size(),
                "a sum of " + std::to_string(size()) + " sites of which " + std::to_string(threshold) + " open it: that must be more than half of them, and at most all");
  threshold_ = static_cast<std::size_t>(threshold);
  std::set<std::string> keys;
  for (std::size_t n = 0; n < size(); ++n) {
    const Advertisement& a = advertisements_[n];
    refuse_unless(n == 0 || advertisements_[n - 1].name < a.name, "the sites of an attempt are not in order, or one is there twice");
    for (const std::string& key : {a.cipher_key, a.mask_key, a.seed_commitment}) refuse_unless(keys.insert(key).second, "a key of site \"" + printable(a.name) + "\" is there twice");
    require_sound(a, context_, check);
  }
  digest_ = sha256(encode(advertisements_));
  const std::size_t degree = settings.neighbours > 0 ? static_cast<std::size_t>(settings.neighbours) : neighbours_for(size());
  graph_ = share_graph(size(), degree, digest_);
}

std::optional<std::uint32_t> Cohort::number_of(const std::string& name) const {
  const auto place = std::lower_bound(advertisements_.begin(), advertisements_.end(), name, [](const Advertisement& a, const std::string& wanted) { return a.name < wanted; });
  if (place == advertisements_.end() || place->name != name) return std::nullopt;
  return static_cast<std::uint32_t>(place - advertisements_.begin());
}

bool Cohort::are_neighbours(std::uint32_t a, std::uint32_t b) const { return std::binary_search(graph_[a].begin(), graph_[a].end(), b); }

std::vector<std::uint32_t> Cohort::holders(std::uint32_t site) const {
  std::vector<std::uint32_t> all = graph_[site];
  all.insert(std::upper_bound(all.begin(), all.end(), site), site);
  return all;
}

std::size_t Cohort::share_threshold(std::uint32_t site) const {
  const std::size_t holders = graph_[site].size() + 1;
  return holders == size() ? threshold_ : fl::share_threshold(holders);
}

bool Cohort::can_go_on_with(const SiteSet& set) const {
  if (set.size() != size() || count_of(set) < threshold_) return false;
  std::size_t needed = 0;
  for (std::uint32_t site = 0; site < size(); ++site) needed = std::max(needed, share_threshold(site));
  return hides_every_part(graph_, set, needed);
}

std::string Cohort::agreement_bytes(const SiteSet& sharers, const SiteSet& addends) const { return bound_bytes(context_, "agree", digest_ + encode(sharers) + encode(addends)); }

bool Cohort::has_signed(std::uint32_t site, const std::string& agreement, const std::string& signature) const { return is_signed(advertisements_[site].certificate, agreement, signature); }

std::vector<std::string> Cohort::names_of(const SiteSet& set) const {
  std::vector<std::string> names;
  for (std::uint32_t site = 0; site < size(); ++site)
    if (set[site]) names.push_back(advertisements_[site].name);
  return names;
}

}  // namespace consilium::fl
