#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fl/secure/attempt_context.h"
#include "fl/secure/member_identity.h"
#include "fl/secure/secure_messages.h"
#include "fl/secure/share_graph.h"

namespace consilium::fl {

/// The sites of one attempt, numbered in the order of their names, as everybody who got the same advertisements sees them: who shares with whom, and how many must agree.
/// Site and coordinator check the same rules here, each for itself.
class Cohort {
 public:
  /// @throws Error{kRefused} a signature or certificate that does not hold, a key that occurs twice, sites that are not in order, fewer than the threshold, or so many that the threshold
  /// is not above half of them.
  Cohort(std::vector<Advertisement> advertisements, AttemptContext context, const SecureAggregationSettings& settings, const CertificateCheck& check);

  std::size_t size() const { return advertisements_.size(); }
  const Advertisement& operator[](std::uint32_t site) const { return advertisements_[site]; }
  const AttemptContext& context() const { return context_; }
  std::optional<std::uint32_t> number_of(const std::string& name) const;
  const std::vector<std::uint32_t>& neighbours(std::uint32_t site) const { return graph_[site]; }
  bool are_neighbours(std::uint32_t a, std::uint32_t b) const;
  /// Its neighbours and itself, sorted: who holds shares of its secrets. Site v's place in the polynomial is v + 1.
  std::vector<std::uint32_t> holders(std::uint32_t site) const;
  /// Sites that must go on to the next step.
  std::size_t threshold() const { return threshold_; }
  /// Holders whose shares open one secret of this site.
  std::size_t share_threshold(std::uint32_t site) const;
  /// Enough of them, and in one piece: else a part of the sum could be seen alone.
  bool can_go_on_with(const SiteSet& set) const;

  /// What sites sign who agree on who is in the sum: of these sharers, these addends.
  std::string agreement_bytes(const SiteSet& sharers, const SiteSet& addends) const;
  bool has_signed(std::uint32_t site, const std::string& agreement, const std::string& signature) const;
  std::vector<std::string> names_of(const SiteSet& set) const;

 private:
  std::vector<Advertisement> advertisements_;
  AttemptContext context_;
  std::size_t threshold_;
  std::string digest_;  ///< of the advertisements
  ShareGraph graph_;
};

/// @throws Error{kRefused}
void require_sound(const Advertisement& advertisement, const AttemptContext& context, const CertificateCheck& check);
/// Of a seed of an own mask: shows afterwards that shares gave the right one, and tells nothing before.
std::string seed_commitment(const AttemptContext& context, const Secret32& seed);

// Keys of an attempt, each for one purpose and one message or mask.
/// For what `from` seals for `to`; either can make it.
Secret32 share_key(const AttemptContext& context, const Secret32& own_private, const std::string& other_public, const std::string& from, const std::string& to);
/// Of the mask that `low` adds and `high` subtracts (low before high by name); either can make it.
Secret32 pair_mask_key(const AttemptContext& context, const Secret32& own_private, const std::string& other_public, const std::string& low, const std::string& high);
Secret32 own_mask_key(const AttemptContext& context, const Secret32& seed, const std::string& name);

}  // namespace consilium::fl
