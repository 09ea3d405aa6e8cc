#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "fl/group_owners.h"
#include "fl/round.h"
#include "fl/update.h"

namespace consilium::fl {

/// Does the update's site own the group: does it count cases for it?
bool owns(const Update& update, const std::string& group);

/// How many sites own each conditional group of the model: the most that any closed round has counted, because a site that was late in one round owns its modality all the same. Groups that no round has
/// counted are not there.
std::map<std::string, std::int64_t> counted_owners(const GroupOwners& groups, const ModelState& model, std::span<const RoundReport> reports);

/// The coordinator's part where it sees the updates: notes in `sums` how many sites own each conditional group, and lets no group count for which fewer than least_owners sites sent weights in this
/// round: its cases become 0 in all `updates`.
void count_owners(const GroupOwners& groups, const ModelState& model, std::span<Update> updates, std::map<std::string, double>& sums);

}  // namespace consilium::fl
