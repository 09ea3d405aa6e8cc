#include "fl/owner_count.h"

#include <algorithm>
#include <set>

#include "fl/aggregate/average.h"

namespace consilium::fl {

bool owns(const Update& update, const std::string& group) {
  const auto cases = update.cases_per_group.find(group);
  return cases != update.cases_per_group.end() && cases->second > 0;
}

std::map<std::string, std::int64_t> counted_owners(const GroupOwners& groups, const ModelState& model, std::span<const RoundReport> reports) {
  std::map<std::string, std::int64_t> owners;
  for (const std::string& group : conditional_groups(groups, model))
    for (const RoundReport& report : reports)
      if (const auto counted = report.sums.find(owners_metric(group)); counted != report.sums.end()) {
        const auto [known, is_new] = owners.try_emplace(group, 0);
        known->second = std::max(known->second, static_cast<std::int64_t>(counted->second));
      }
  return owners;
}

void count_owners(const GroupOwners& groups, const ModelState& model, std::span<Update> updates, std::map<std::string, double>& sums) {
  for (const std::string& group : conditional_groups(groups, model)) {
    std::set<std::string> owners, senders;
    for (const Update& update : updates) {
      if (!owns(update, group)) continue;
      owners.insert(update.site);
      if (std::any_of(model.tensors.begin(), model.tensors.end(), [&](const NamedTensor& tensor) { return tensor.group == group && is_trained(update, tensor); })) senders.insert(update.site);
    }
    sums[owners_metric(group)] = static_cast<double>(owners.size());
    if (static_cast<std::int64_t>(senders.size()) >= groups.least_owners) continue;
    for (Update& update : updates)
      if (const auto cases = update.cases_per_group.find(group); cases != update.cases_per_group.end()) cases->second = 0;
  }
}

}  // namespace consilium::fl
