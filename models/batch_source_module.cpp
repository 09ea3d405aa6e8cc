#include "models/batch_source_module.h"

namespace consilium::models {

DrawnBatch BatchSource::of(std::int64_t step) {
  if (!ahead_) return draw_(step);
  DrawnBatch drawn = next_.valid() ? next_.get() : draw_(step);
  if (step + 1 >= end_) return drawn;
  // A thread begins with as many of its own as there are cores: the caller was given fewer.
  next_ = std::async(std::launch::async, [this, step, threads = at::get_num_threads()] {
    at::set_num_threads(threads);
    return draw_(step + 1);
  });
  return drawn;
}

}  // namespace consilium::models
