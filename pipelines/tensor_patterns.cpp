#include "pipelines/tensor_patterns.h"

#include <fnmatch.h>

#include "base/error.h"

namespace consilium::pipelines {

std::vector<std::size_t> fitting_tensors(const std::vector<std::string>& patterns, const ModelState& model, const std::string& key) {
  std::vector<bool> used(patterns.size(), false);
  std::vector<std::size_t> numbers;
  for (std::size_t n = 0; n < model.tensors.size(); ++n) {
    bool fits = false;
    for (std::size_t p = 0; p < patterns.size(); ++p)
      if (fnmatch(patterns[p].c_str(), model.tensors[n].name.c_str(), 0) == 0) fits = used[p] = true;
    if (fits) numbers.push_back(n);
  }
  for (std::size_t p = 0; p < patterns.size(); ++p)
    require(used[p], ErrorCode::kUsage, key + ": no tensor of the model fits \"" + patterns[p] + "\"; the names are those in model.safetensors, such as \"" + (model.tensors.empty() ? "" : model.tensors[0].name) + "\"");
  return numbers;
}

}  // namespace consilium::pipelines
