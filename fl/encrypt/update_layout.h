#pragma once

#include <map>
#include <span>

#include "fl/protection_settings.h"
#include "fl/encrypt/slots.h"
#include "fl/stage.h"

namespace consilium::fl {

/// An update as one vector of integers whose sum over all sites is all that anybody needs, and that has the same length and places at every site whatever it trained:
///
///     validation cases | cases x weight | cases x weight x score | values cut off | values
///     cases of each group | for each metric: told, value | owners of each group that is counted
///     for each tensor of the model: cases of its group x value, 0 where the site has none
///
/// Scores, weights, metrics and values are multiples of 2^-fraction_bits.
class UpdateLayout {
 public:
  /// Of `model` names, groups and shapes only. `weights`: whether the tensors are part of it; not in the last look. `sites`: that take part; a group of which the sum may hold too few owners is left out.
  /// @pre `protection` encrypts
  UpdateLayout(const ProtectionSettings& protection, const ModelState& model, bool weights, std::size_t sites);

  std::uint64_t values() const { return values_; }
  const Slots& slots() const { return slots_; }

  /// @throws Error{kRefused} more cases than most_cases; Error{kCorruptData} a weight that is not finite.
  class Filler {
   public:
    /// Both must outlive it.
    Filler(const UpdateLayout& layout, const Update& update);
    /// The numbers from `first` on; from any number of threads.
    void fill(std::uint64_t first, std::span<std::int64_t> values) const;

   private:
    void count_values();
    const UpdateLayout& layout_;
    const Update& update_;
    std::vector<std::int64_t> head_;
  };

  /// Takes the sum of all sites' vectors, part after part, in order.
  class Collector {
   public:
    explicit Collector(const UpdateLayout& layout);
    void take(std::uint64_t first, std::span<const std::int64_t> values);
    /// Once. @throws Error{kCorruptData} sums that no sites can have sent.
    ProtectedSum finish(const RoundPlan& plan, std::vector<std::string> contributors);

   private:
    const UpdateLayout& layout_;
    std::vector<std::int64_t> head_;
    ModelState mean_;
  };

 private:
  struct Place {
    NamedTensor tensor;      ///< without values
    std::uint64_t first = 0; ///< of its values in the vector
    std::size_t group = 0;
  };
  std::uint64_t head_values() const { return owners_begin() + counted_.size(); }
  std::uint64_t owners_begin() const { return kFixed + groups_.size() + 2 * settings_.metrics.size(); }
  std::int64_t fixed_point(double value) const;
  /// Calls body(place, first value of the tensor, offset in `count` values from `first`, how many) for every piece.
  template <typename Body>
  void for_each_piece(std::uint64_t first, std::uint64_t count, const Body& body) const;

  static constexpr std::size_t kFixed = 5;
  EncryptionSettings settings_;
  std::vector<std::string> groups_;
  std::vector<bool> may_be_summed_;  ///< by group
  std::vector<std::string> counted_;  ///< groups whose owners are counted
  std::vector<Place> places_;
  std::uint64_t values_ = 0;
  Slots slots_;
  std::int64_t most_metric_ = 0;
};

}  // namespace consilium::fl
