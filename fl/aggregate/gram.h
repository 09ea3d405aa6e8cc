#pragma once

#include <vector>

#include "fl/aggregate/group_updates.h"

namespace consilium::fl {

/// Inner products <delta_i, delta_j> of the updates of a group: all that rules of distances and angles need to know of them. With it a geometric median
/// or Krum costs one pass over the updates, however many steps it takes.
class Gram {
 public:
  explicit Gram(std::size_t count) : count_(count), products_(count * count, 0) {}
  /// One pass over all updates, in float64; O(count^2) per value. The same bits whatever the threads and the order of arrival.
  static Gram of(const ModelState& global, const GroupUpdates& group);

  std::size_t count() const { return count_; }
  double& at(std::size_t i, std::size_t j) { return products_[i * count_ + j]; }
  double at(std::size_t i, std::size_t j) const { return products_[i * count_ + j]; }
  double norm(std::size_t i) const;
  /// Never below 0, whatever is lost to rounding.
  double squared_distance(std::size_t i, std::size_t j) const;
  /// 0 where a vector is 0.
  double cosine(std::size_t i, std::size_t j) const;

 private:
  std::size_t count_;
  std::vector<double> products_;
};

}  // namespace consilium::fl
