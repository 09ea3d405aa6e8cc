#include "fl/aggregate/group_updates.h"

#include <algorithm>

#include "base/error.h"
#include "base/parallel.h"
#include "fl/aggregate/average.h"

namespace consilium::fl {
namespace {

constexpr std::size_t kBlock = 4096;  // of a dozen sites fits in the second cache

struct Place {
  std::size_t tensor, begin, count;
};

}  // namespace

std::vector<GroupUpdates> group_updates(const ModelState& global, std::span<const Update> updates) {
  const std::vector<const Update*> sorted = sorted_by_site(updates);
  for (std::size_t n = 1; n < sorted.size(); ++n)
    require(sorted[n]->site != sorted[n - 1]->site, ErrorCode::kUsage, "site \"" + sorted[n]->site + "\" has two updates in a round; this rule counts each site once");
  std::vector<GroupUpdates> groups;
  for (std::size_t n = 0; n < global.tensors.size(); ++n) {
    const std::string& name = global.tensors[n].group;
    auto group = std::find_if(groups.begin(), groups.end(), [&](const GroupUpdates& g) { return g.group == name; });
    if (group == groups.end()) group = groups.insert(groups.end(), {name, {}, {}});
    group->tensors.push_back(n);
  }
  for (GroupUpdates& group : groups)
    for (const Update* update : sorted)
      if (std::all_of(group.tensors.begin(), group.tensors.end(), [&](std::size_t n) { return is_trained(*update, global.tensors[n]); })) group.updates.push_back(update);
  std::erase_if(groups, [](const GroupUpdates& group) { return group.updates.empty(); });
  return groups;
}

void for_each_block(const ModelState& global, const GroupUpdates& group, const std::function<void(std::size_t stripe, const SameValues& block)>& use) {
  std::vector<Place> places;
  for (const std::size_t tensor : group.tensors)
    for (std::size_t begin = 0, count = global.tensors[tensor].values.size(); begin < count; begin += kBlock) places.push_back({tensor, begin, std::min(kBlock, count - begin)});
  parallel_for(kStripes, 1, [&](std::size_t first, std::size_t last) {
    std::vector<std::vector<float>> scratch(group.updates.size());
    for (std::size_t stripe = first; stripe < last; ++stripe)
      for (std::size_t n = places.size() * stripe / kStripes; n < places.size() * (stripe + 1) / kStripes; ++n) {
        SameValues block{places[n].tensor, places[n].begin, places[n].count, {}};
        for (std::size_t k = 0; k < group.updates.size(); ++k) {
          const UpdateWeights weights(*group.updates[k]);  // it has the tensor: group_updates has looked
          block.values.push_back(weights.block(*weights.find(global.tensors[block.tensor].name), block.begin, block.count, scratch[k]));
        }
        use(stripe, block);
      }
  });
}

}  // namespace consilium::fl
