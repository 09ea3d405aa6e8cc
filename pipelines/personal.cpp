#include "pipelines/personal.h"

#include "base/error.h"
#include "pipelines/tensor_patterns.h"

namespace consilium::pipelines {

std::vector<std::size_t> personal_tensors(const std::vector<std::string>& patterns, const ModelState& model) {
  std::vector<std::size_t> numbers = fitting_tensors(patterns, model, "training.personal");
  require(numbers.empty() || numbers.size() < model.tensors.size(), ErrorCode::kUsage, "training.personal: every tensor would stay at its site, and nothing be shared");
  return numbers;
}

ModelState PersonalTensors::put_into(ModelState model, std::int64_t trainings) const {
  const std::vector<std::size_t> numbers = personal_tensors(patterns_, model);
  if (numbers.empty()) return model;
  auto kept = memory_.before(trainings);
  if (!kept) return model;
  ModelState own = std::move(*kept);
  const std::string file = memory_.file_before(trainings).string();
  require(own.tensors.size() == numbers.size(), ErrorCode::kMismatch, file + ": holds the tensors of another model; give another folder, or remove this one");
  for (std::size_t n = 0; n < numbers.size(); ++n) {
    NamedTensor& place = model.tensors[numbers[n]];
    require(own.tensors[n].name == place.name && own.tensors[n].shape == place.shape, ErrorCode::kMismatch, file + ": holds another tensor than " + place.name + "; give another folder, or remove this one");
    place.values = std::move(own.tensors[n].values);
  }
  return model;
}

void PersonalTensors::save(const ModelState& trained, std::int64_t trainings) const {
  const std::vector<std::size_t> numbers = personal_tensors(patterns_, trained);
  if (numbers.empty()) return;
  ModelState own;
  for (const std::size_t n : numbers) own.tensors.push_back(trained.tensors[n]);
  memory_.save(own, trainings);
}

ModelState PersonalTensors::without(ModelState model) const {
  const std::vector<std::size_t> numbers = personal_tensors(patterns_, model);
  for (auto n = numbers.rbegin(); n != numbers.rend(); ++n) model.tensors.erase(model.tensors.begin() + static_cast<std::ptrdiff_t>(*n));
  return model;
}

}  // namespace consilium::pipelines
