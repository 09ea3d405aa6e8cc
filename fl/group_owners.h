#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/settings.h"
#include "models/state/model_state.h"

namespace consilium::fl {

/// What becomes of a group of parameters that too few sites own.
enum class TooFewOwners {
  kPersonal,  ///< each owner trains its own, which stays at the site; the global model keeps the initial one
  kFreeze,    ///< nobody trains it
};

/// Groups of parameters that not every site can train (the stem of a modality that it lacks), and how many sites must own one before it is averaged: the mean over one owner is that
/// owner's update, whatever hides it on its way. A site owns a group if it counts cases for it. What is owned does not change within a run.
///
/// The last two are the coordinator's to say, in every plan.
struct GroupOwners {
  std::int64_t least_owners = 3;
  TooFewOwners below = TooFewOwners::kPersonal;
  std::vector<std::string> conditional{"stem.*", "projector.*", "anchors.*", "fusion.*"};  ///< names of such groups, '*' and '?': the others are everybody's, and not counted
  std::int64_t sites = 0;                      ///< of the federation, each asked in every round; 0: these are settings, not a plan's
  std::map<std::string, std::int64_t> owners{};  ///< of each conditional group, once it has been counted

  bool operator==(const GroupOwners&) const = default;
};

/// JSON keys are the field names. @throws Error{kUsage} naming the field.
void read_group_owners(SettingsReader& reader, GroupOwners& groups);
Json to_json(const GroupOwners& groups);
/// Of settings, for a federation of that many sites. @throws Error{kUsage} naming the field below `path`.
void validate(const GroupOwners& groups, std::size_t sites, const std::string& path);

bool is_conditional(const GroupOwners& groups, const std::string& group);
/// Conditional groups of the model, sorted.
std::vector<std::string> conditional_groups(const GroupOwners& groups, const ModelState& model);

/// May a sum over `members` of the plan's sites hold the group? Of its owners all may be among those that are missing.
bool may_be_summed(const GroupOwners& groups, const std::string& group, std::int64_t members);

/// What a site does with a group in its training.
enum class GroupUse { kShared, kPersonal, kFrozen };
/// By the plan. A conditional group that has not been counted yet is frozen where updates are hidden (`is_plain` false), so that the first sum holds its number of owners and nothing else of it; and
/// shared where they are not, because the coordinator counts before it averages.
GroupUse use_of(const GroupOwners& groups, const std::string& group, bool is_plain);

/// In reports and sums: how many sites own a group.
std::string owners_metric(const std::string& group);

}  // namespace consilium::fl
