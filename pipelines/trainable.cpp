#include "pipelines/trainable.h"

#include <set>

#include "pipelines/tensor_patterns.h"

namespace consilium::pipelines {

std::vector<std::string> untrained_tensors(const std::vector<std::string>& trainable, const ModelState& model) {
  if (trainable.empty()) return {};
  const std::vector<std::size_t> numbers = fitting_tensors(trainable, model, "training.trainable");
  const std::set<std::size_t> trained(numbers.begin(), numbers.end());
  std::vector<std::string> names;
  for (std::size_t n = 0; n < model.tensors.size(); ++n)
    if (!trained.contains(n)) names.push_back(model.tensors[n].name);
  return names;
}

ModelState without_tensors(ModelState model, const std::vector<std::string>& names) {
  const std::set<std::string> left_out(names.begin(), names.end());
  std::erase_if(model.tensors, [&](const NamedTensor& tensor) { return left_out.contains(tensor.name); });
  return model;
}

}  // namespace consilium::pipelines
