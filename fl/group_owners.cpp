#include "fl/group_owners.h"

#include <fnmatch.h>

#include <algorithm>
#include <set>

#include "base/error.h"

namespace consilium::fl {
namespace {

constexpr std::int64_t kMostSites = 10000;
constexpr std::size_t kMostPatterns = 64, kMostCounted = 1024;

const std::vector<std::pair<std::string, TooFewOwners>>& below_words() {
  static const std::vector<std::pair<std::string, TooFewOwners>> words{{"personal", TooFewOwners::kPersonal}, {"freeze", TooFewOwners::kFreeze}};
  return words;
}

void read_owners(SettingsReader& reader, GroupOwners& groups) {
  Json owners = Json::object();
  reader.raw("owners", owners);
  require(owners.is_object() && owners.size() <= kMostCounted, ErrorCode::kUsage, reader.path() + ".owners: expected an object of at most 1024 groups");
  groups.owners.clear();
  for (const auto& [group, count] : owners.items()) {
    require(count.is_number_integer() && count.get<std::int64_t>() >= 0 && count.get<std::int64_t>() <= groups.sites, ErrorCode::kUsage, reader.path() + ".owners." + group + ": expected 0 to the number of sites");
    groups.owners[group] = count.get<std::int64_t>();
  }
}

}  // namespace

void read_group_owners(SettingsReader& reader, GroupOwners& groups) {
  reader.field("least_owners", groups.least_owners);
  reader.choice("below", groups.below, below_words());
  reader.field("conditional", groups.conditional);
  reader.field("sites", groups.sites);
  const auto check = [&](bool good, const char* key, const char* expected) { require(good, ErrorCode::kUsage, reader.path() + "." + key + ": expected " + expected); };
  check(groups.least_owners >= 2 && groups.least_owners <= kMostSites, "least_owners", "2 or more: one owner's mean is its update");
  check(!groups.conditional.empty() && groups.conditional.size() <= kMostPatterns, "conditional", "1 to 64 patterns of names of groups");
  check(std::none_of(groups.conditional.begin(), groups.conditional.end(), [](const std::string& pattern) { return pattern.empty() || pattern.size() > 128; }), "conditional", "patterns of 1 to 128 letters");
  check(groups.sites >= 0 && groups.sites <= kMostSites, "sites", "0 to 10000");
  read_owners(reader, groups);
}

Json to_json(const GroupOwners& groups) {
  Json json{{"least_owners", groups.least_owners}, {"below", groups.below == TooFewOwners::kFreeze ? "freeze" : "personal"}, {"conditional", groups.conditional}};
  if (groups.sites > 0) json["sites"] = groups.sites;
  if (!groups.owners.empty()) json["owners"] = groups.owners;
  return json;
}

void validate(const GroupOwners& groups, std::size_t sites, const std::string& path) {
  require(groups.sites == 0 && groups.owners.empty(), ErrorCode::kUsage, path + ": sites and owners are counted, not set");
  require(groups.least_owners <= static_cast<std::int64_t>(sites), ErrorCode::kUsage, path + ".least_owners: is more than the " + std::to_string(sites) + " sites that there are, so that no group would ever be averaged");
}

bool is_conditional(const GroupOwners& groups, const std::string& group) {
  return std::any_of(groups.conditional.begin(), groups.conditional.end(), [&](const std::string& pattern) { return fnmatch(pattern.c_str(), group.c_str(), 0) == 0; });
}

std::vector<std::string> conditional_groups(const GroupOwners& groups, const ModelState& model) {
  std::set<std::string> names;
  for (const NamedTensor& tensor : model.tensors)
    if (!names.contains(tensor.group) && is_conditional(groups, tensor.group)) names.insert(tensor.group);
  return {names.begin(), names.end()};
}

bool may_be_summed(const GroupOwners& groups, const std::string& group, std::int64_t members) {
  if (!is_conditional(groups, group)) return true;
  const auto counted = groups.owners.find(group);
  if (counted == groups.owners.end()) return false;
  const std::int64_t missing = std::max<std::int64_t>(0, groups.sites - members);
  return counted->second - missing >= groups.least_owners;
}

GroupUse use_of(const GroupOwners& groups, const std::string& group, bool is_plain) {
  if (!is_conditional(groups, group)) return GroupUse::kShared;
  const auto counted = groups.owners.find(group);
  if (counted == groups.owners.end()) return is_plain ? GroupUse::kShared : GroupUse::kFrozen;
  if (counted->second >= groups.least_owners) return GroupUse::kShared;
  return groups.below == TooFewOwners::kPersonal ? GroupUse::kPersonal : GroupUse::kFrozen;
}

std::string owners_metric(const std::string& group) { return "owners." + group; }

}  // namespace consilium::fl
