#include "fl/update.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace consilium::fl {

void require_valid(const Update& update, const ModelState& global, std::int64_t round, const std::string& base_digest) {
  const std::string who = "update of site \"" + update.site + "\": ";
  require(update.round == round, ErrorCode::kMismatch, who + "is of round " + std::to_string(update.round) + ", the open round is " + std::to_string(round));
  require(update.base_digest == base_digest, ErrorCode::kMismatch, who + "started from another global model than this round's");
  for (const auto& [group, cases] : update.cases_per_group)
    require(cases >= 0 && cases <= kMostCases, ErrorCode::kCorruptData, who + "group " + group + " was trained on " + std::to_string(cases) + " cases");
  // The best model is chosen by these: a score beyond 1 would outvote every honest site.
  require(update.validation.score >= 0 && update.validation.score <= 1 && update.validation.cases >= 0 && update.validation.cases <= kMostCases, ErrorCode::kCorruptData, who + "its validation is not within [0, 1], or of an impossible number of cases");
  for (std::size_t n = 0; n < update.delta.tensors.size(); ++n) {
    const NamedTensor& tensor = update.delta.tensors[n];
    const std::string what = who + "tensor " + tensor.name;
    require(n == 0 || update.delta.tensors[n - 1].name < tensor.name, ErrorCode::kMismatch, what + " is not in the order of names, or occurs twice");
    const auto place = std::lower_bound(global.tensors.begin(), global.tensors.end(), tensor.name, [](const NamedTensor& t, const std::string& name) { return t.name < name; });
    require(place != global.tensors.end() && place->name == tensor.name, ErrorCode::kMismatch, what + " is not in the global model");
    require(place->shape == tensor.shape && place->group == tensor.group && place->values.size() == tensor.values.size(), ErrorCode::kMismatch, what + " has another shape or group than the global model's");
    require(update.cases_per_group.contains(tensor.group), ErrorCode::kMismatch, what + " belongs to group " + tensor.group + ", whose number of cases is missing");
    require(std::all_of(tensor.values.begin(), tensor.values.end(), [](float v) { return std::isfinite(v); }), ErrorCode::kCorruptData, what + " holds a value that is not finite");
  }
}

}  // namespace consilium::fl
