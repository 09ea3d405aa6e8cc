#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "fl/secure/fixed_point.h"
#include "fl/secure/masked_layout.h"

namespace consilium::fl {

/// The one place where noise joins an update that is masked (differential privacy distributed over sites): changes the weighted integers at `position` and following, before the
/// mask. Called once for every block (kMaskBlock) of every attempt, from any thread, with values only and never with totals. What it adds needs room in the ring, and at the coordinator (SecureRoundOptions::noise_bound).
using NoiseShare = std::function<void(std::uint64_t position, std::span<std::uint64_t> integers)>;

/// One site's addend as integers of the ring, block by block: zeros where it trained nothing, so that nobody sees which parts are its.
class SiteIntegers {
 public:
  /// References must outlive it. `members`: sites of the sum, by which a group of too few owners is withheld, as if it were not in the update. @throws Error{kRefused} a value that is not finite, or more cases than
  /// the plan allows one site.
  SiteIntegers(const MaskedLayout& layout, const ProtectionSettings& protection, const Update& update, std::int64_t members, NoiseShare noise = {});

  /// Positions [position, position + out.size()) of the vector. From any number of threads.
  void fill(std::uint64_t position, std::span<std::uint64_t> out) const;
  const MaskedTotals& totals() const { return totals_; }
  /// SHA-256 of all values, without noise: whether two sums are of the same.
  std::string digest() const;

 private:
  struct Source {
    std::size_t tensor = 0;    ///< its number in the update
    std::int64_t cases = 0;    ///< 0: it is not in the update, or was trained on nothing
  };
  template <typename Use>
  void for_each_block(Use use) const;
  void fill_part(std::size_t part, std::uint64_t begin, std::span<std::uint64_t> out) const;
  std::span<const float> shortened(std::span<const float> values, std::vector<float>& scratch) const;

  const MaskedLayout& layout_;
  FixedPoint code_;
  UpdateWeights weights_;
  NoiseShare noise_;
  std::vector<Source> sources_;  ///< by part
  float factor_ = 1;             ///< by which the update is shortened
  MaskedTotals totals_;
  std::vector<std::uint64_t> total_numbers_;
};

}  // namespace consilium::fl
