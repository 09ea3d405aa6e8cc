#include "pipelines/round_memory.h"

#include "base/files.h"
#include "models/state/safetensors.h"

namespace consilium::pipelines {

fs::path RoundMemory::file_of(std::int64_t trainings) const { return folder_ / (stem_ + "_after_" + std::to_string(trainings) + ".safetensors"); }

std::int64_t RoundMemory::newest(std::int64_t trainings) const {
  while (trainings > 0 && !fs::exists(file_of(trainings))) --trainings;
  return trainings;
}

std::optional<ModelState> RoundMemory::before(std::int64_t trainings) const {
  const std::int64_t found = newest(trainings);
  if (found <= 0) return std::nullopt;
  return read_safetensors(file_of(found)).state;
}

void RoundMemory::save(const ModelState& state, std::int64_t trainings) const { write_safetensors(file_of(trainings), state); }

void RoundMemory::forget_before(std::int64_t trainings) const {
  std::error_code ignored;
  for (std::int64_t old = newest(newest(trainings - 1) - 1); old > 0; old = newest(old - 1)) fs::remove(file_of(old), ignored);
}

}  // namespace consilium::pipelines
