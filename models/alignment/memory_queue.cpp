#include <algorithm>

#include "base/error.h"
#include "models/alignment/memory_queue_module.h"
#include "models/projector_module.h"

namespace consilium::models {
namespace {

// float32 holds whole numbers up to 2^24.
constexpr std::int64_t kMostCases = 1 << 24;

at::Tensor column_of(const std::vector<std::int64_t>& cases) { return torch::tensor(cases).to(torch::kFloat32); }

}  // namespace

MemoryQueue::MemoryQueue(const MultimodalOptions& options, const ModelState& earlier) : options_(options) {
  for (const ModalityOptions& modality : options.modalities) {
    const NamedTensor* tensor = find_tensor(earlier, modality.name);
    if (tensor == nullptr) {
      rows_.push_back(torch::empty({0, kProjected + 1}));
      continue;
    }
    require(tensor->shape.size() == 2 && tensor->shape[1] == kProjected + 1 && tensor->shape[0] <= options.queue, ErrorCode::kMismatch, "the memory's queue of " + modality.name + " is not of this network");
    rows_.push_back(torch::from_blob(const_cast<float*>(tensor->values.data()), tensor->shape, torch::kFloat32).clone());
  }
}

Remembered MemoryQueue::remembered(std::size_t modality, const std::vector<std::int64_t>& cases) const {
  const at::Tensor& rows = rows_[modality];
  if (rows.size(0) == 0) return {};
  return {rows.narrow(1, 0, kProjected), column_of(cases).unsqueeze(1) == rows.select(1, kProjected).unsqueeze(0)};
}

void MemoryQueue::push(std::size_t modality, const at::Tensor& vectors, const std::vector<std::int64_t>& cases) {
  const torch::NoGradGuard no_graph;
  require(std::all_of(cases.begin(), cases.end(), [](std::int64_t n) { return n < kMostCases; }), ErrorCode::kUsage, "the contrastive loss counts at most 2^24 cases");
  const at::Tensor added = torch::cat({vectors.detach(), column_of(cases).unsqueeze(1)}, 1);
  const at::Tensor all = torch::cat({rows_[modality], added}, 0);
  const std::int64_t length = std::min(options_.queue, all.size(0));
  rows_[modality] = all.narrow(0, all.size(0) - length, length).clone();
}

ModelState MemoryQueue::state() const {
  ModelState state;
  for (std::size_t m = 0; m < rows_.size(); ++m) {
    const at::Tensor& rows = rows_[m];
    if (rows.size(0) > 0) state.tensors.push_back({options_.modalities[m].name, "", rows.sizes().vec(), std::vector<float>(rows.data_ptr<float>(), rows.data_ptr<float>() + rows.numel())});
  }
  std::sort(state.tensors.begin(), state.tensors.end(), [](const NamedTensor& a, const NamedTensor& b) { return a.name < b.name; });
  return state;
}

}  // namespace consilium::models
