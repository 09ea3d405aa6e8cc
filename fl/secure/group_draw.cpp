#include "fl/secure/group_draw.h"

#include <algorithm>
#include <set>

#include "fl/wire/chunks.h"

namespace consilium::fl {
namespace {

using Names = std::vector<std::string>;

/// The sets that some of these sites say they have helped to open in this round. Among groups more than half of a set have to say so, as had to open it: one site that lies must not choose its
/// company.
std::vector<Names> opened_sets(const std::vector<Advertisement>& advertisements, bool in_groups) {
  std::map<Names, std::size_t> claims;
  for (const Advertisement& a : advertisements)
    if (!a.opened.empty()) ++claims[a.opened];
  std::vector<Names> sets;
  for (const auto& [set, count] : claims)
    if (!in_groups || 2 * count > set.size()) sets.push_back(set);
  return sets;
}

/// No site chooses its rank: its name stands in its certificate.
Names ranked(const Names& names, const AttemptContext& context) {
  std::vector<std::pair<std::string, std::string>> ranks;
  for (const std::string& name : names) {
    AttemptContext any_attempt = context;
    any_attempt.federation.clear();  // drawn by chance for every run: the same settings make the same groups
    any_attempt.attempt.clear();
    ranks.emplace_back(sha256(bound_bytes(any_attempt, "rank among groups", name)), name);
  }
  std::sort(ranks.begin(), ranks.end());
  Names order;
  for (auto& [rank, name] : ranks) order.push_back(std::move(name));
  return order;
}

}  // namespace

GroupDraw draw_groups(const std::vector<Advertisement>& advertisements, const AttemptContext& context, const SecureAggregationSettings& settings) {
  GroupDraw draw;
  Names free;
  std::set<std::string> there, taken;
  for (const Advertisement& a : advertisements) there.insert(a.name);
  for (const Names& set : opened_sets(advertisements, settings.group_size > 0)) {
    const bool is_whole = std::all_of(set.begin(), set.end(), [&](const std::string& name) { return there.contains(name) && !taken.contains(name); });
    if (!is_whole) continue;
    draw.groups.push_back(set);
    taken.insert(set.begin(), set.end());
  }
  for (const Advertisement& a : advertisements) {
    if (taken.contains(a.name)) continue;
    if (!a.opened.empty()) draw.left_out[a.name] = "has helped to open a sum of this round before, which is made again among the same sites or not at all";
    else free.push_back(a.name);
  }
  if (settings.group_size == 0) {
    if (draw.groups.empty()) draw.groups.push_back(free);
    else for (const std::string& name : free) draw.left_out[name] = "a sum of this round was opened before and got lost: it is made again among the same sites";
    return draw;
  }
  const std::size_t count = free.size() / static_cast<std::size_t>(settings.group_size);
  const Names order = ranked(free, context);
  for (std::size_t n = 0; n < count; ++n) {
    const auto at = [&](std::size_t group) { return order.begin() + static_cast<std::ptrdiff_t>(group * order.size() / count); };
    Names group(at(n), at(n + 1));
    std::sort(group.begin(), group.end());
    draw.groups.push_back(std::move(group));
  }
  if (count == 0)
    for (const std::string& name : free) draw.left_out[name] = "too few sites are left over for a group of " + std::to_string(settings.group_size);
  return draw;
}

std::vector<Advertisement> group_of(const std::string& name, const std::vector<Advertisement>& advertisements, const GroupDraw& draw) {
  std::vector<Advertisement> members;
  for (const Names& group : draw.groups)
    if (std::binary_search(group.begin(), group.end(), name))
      for (const Advertisement& a : advertisements)
        if (std::binary_search(group.begin(), group.end(), a.name)) members.push_back(a);
  return members;
}

}  // namespace consilium::fl
