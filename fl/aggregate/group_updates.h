#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "fl/update.h"

namespace consilium::fl {

/// The updates of one group of tensors: of the sites that trained it on a case and sent it whole, in the order of their names.
struct GroupUpdates {
  std::string group;
  std::vector<std::size_t> tensors;  ///< numbers in the global model
  std::vector<const Update*> updates;
};

/// Every group of the global model that somebody trained. A site that trained a group and left out one of its tensors has no say in that group.
/// @throws Error{kUsage} a site occurs twice: rules that compare sites count each once.
std::vector<GroupUpdates> group_updates(const ModelState& global, std::span<const Update> updates);

/// Values [begin, begin + count) of tensor number `tensor`, as all updates have them: values[k] are those of updates[k].
struct SameValues {
  std::size_t tensor = 0;
  std::size_t begin = 0;
  std::size_t count = 0;
  std::vector<std::span<const float>> values;
};

/// Calls `use` once for every block of the group, from several threads, never twice for one value. `stripe` numbers kStripes disjoint sets of blocks; the blocks of one
/// stripe come one after the other in their order, so that sums per stripe, added in the order of stripes, have the same bits whatever the threads.
inline constexpr std::size_t kStripes = 16;
void for_each_block(const ModelState& global, const GroupUpdates& group, const std::function<void(std::size_t stripe, const SameValues& block)>& use);

}  // namespace consilium::fl
