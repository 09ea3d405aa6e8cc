#include "pipelines/site_groups.h"

#include <algorithm>

#include "base/error.h"
#include "pipelines/round_memory.h"

namespace consilium::pipelines {
namespace {

RoundMemory memory_in(const std::filesystem::path& folder) { return {folder, "owned"}; }

}  // namespace

SiteGroups::SiteGroups(const fl::RoundPlan& plan, std::map<std::string, std::int64_t> cases, std::filesystem::path folder) : protection_(plan.protection), cases_(std::move(cases)), folder_(std::move(folder)) {}

bool SiteGroups::is_owned(const std::string& group) const {
  const auto own = cases_.find(group);
  return own != cases_.end() && own->second > 0;
}

fl::GroupUse SiteGroups::use_of(const std::string& group) const { return protection_.groups ? fl::use_of(*protection_.groups, group, protection_.is_plain()) : fl::GroupUse::kShared; }

ModelState SiteGroups::put_into(ModelState global, std::int64_t trainings) const {
  ModelState own = with_owned_groups(global, folder_, trainings);
  for (std::size_t n = 0; n < global.tensors.size(); ++n)
    if (use_of(global.tensors[n].group) == fl::GroupUse::kPersonal) global.tensors[n].values = std::move(own.tensors[n].values);
  return global;
}

std::vector<std::string> SiteGroups::frozen(const ModelState& model) const {
  std::vector<std::string> names;
  for (const NamedTensor& tensor : model.tensors)
    if (!is_owned(tensor.group) || use_of(tensor.group) == fl::GroupUse::kFrozen) names.push_back(tensor.name);
  return names;
}

void SiteGroups::save(const ModelState& trained, std::int64_t trainings) const {
  if (!protection_.groups) return;
  ModelState own;
  for (const NamedTensor& tensor : trained.tensors)
    if (is_owned(tensor.group) && use_of(tensor.group) == fl::GroupUse::kPersonal) own.tensors.push_back(tensor);
  memory_in(folder_).save(own, trainings);
}

ModelState SiteGroups::sent(ModelState delta) const {
  std::erase_if(delta.tensors, [&](const NamedTensor& tensor) { return !is_owned(tensor.group) || use_of(tensor.group) != fl::GroupUse::kShared; });
  return delta;
}

ModelState with_owned_groups(ModelState global, const std::filesystem::path& folder, std::int64_t trainings) {
  const RoundMemory memory = memory_in(folder);
  const auto own = memory.before(trainings);
  if (!own) return global;
  for (const NamedTensor& tensor : own->tensors) {
    const auto place = std::find_if(global.tensors.begin(), global.tensors.end(), [&](const NamedTensor& t) { return t.name == tensor.name; });
    require(place != global.tensors.end() && place->shape == tensor.shape, ErrorCode::kMismatch, memory.file_before(trainings).string() + ": holds another tensor than the model's " + tensor.name + "; give another folder, or remove this one");
    place->values = tensor.values;
  }
  return global;
}

}  // namespace consilium::pipelines
