#pragma once

// Only for .cpp files of this folder: it pulls in all of LibTorch.
#include <functional>
#include <future>

#include "base/rng.h"
#include "models/training_batch_module.h"

namespace consilium::models {

/// What a step trains on, and the source of what else it draws.
struct DrawnBatch {
  TrainingBatch batch;
  Rng rng;
};

/// Draws the batches of steps [first, end), asked for in order. Beside a device of its own, whose work the processor would only wait for, each is drawn while the
/// step before it computes. Either way a step's batch is the same.
class BatchSource {
 public:
  using Draw = std::function<DrawnBatch(std::int64_t step)>;
  BatchSource(Draw draw, std::int64_t end, bool ahead) : draw_(std::move(draw)), end_(end), ahead_(ahead) {}
  /// @throws as `draw`.
  DrawnBatch of(std::int64_t step);

 private:
  Draw draw_;
  std::int64_t end_;
  bool ahead_;
  std::future<DrawnBatch> next_;
};

}  // namespace consilium::models
