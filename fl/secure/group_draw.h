#pragma once

#include <map>
#include <string>
#include <vector>

#include "fl/secure/attempt_context.h"
#include "fl/secure/secure_messages.h"
#include "fl/secure/secure_settings.h"

namespace consilium::fl {

/// Whose updates are summed together in one attempt. Everybody works it out from the same advertisements: nobody has to be believed.
struct GroupDraw {
  std::vector<std::vector<std::string>> groups;  ///< each sorted by name
  std::map<std::string, std::string> left_out;   ///< who is ready and in no group, and why
};

/// Without groups (`group_size` 0) all make one sum; a set whose sum was opened before in this round makes it again, alone.
/// With groups such sets come first, each as it was: a site helps to open no other sum of that round, and is left out where it cannot be made again. The others are ranked by SHA-256 over plan, round and name, and cut into as many groups of
/// `group_size` as there can be, those that are left over among them: the groups are others in every round, and the same for the same sites whatever the attempt, so that a simulation can be
/// repeated, and an attempt that failed does not mix its sums anew.
GroupDraw draw_groups(const std::vector<Advertisement>& advertisements, const AttemptContext& context, const SecureAggregationSettings& settings);

/// The advertisements of the group that `name` is in; empty: it is in none.
std::vector<Advertisement> group_of(const std::string& name, const std::vector<Advertisement>& advertisements, const GroupDraw& draw);

}  // namespace consilium::fl
