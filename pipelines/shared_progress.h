#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "base/progress.h"

namespace consilium::pipelines {

/// Progress from several threads.
class SharedProgress {
 public:
  SharedProgress(const std::string& title, std::uint64_t total) : progress_(title, total) {}
  void advance(std::uint64_t count, const std::string& note) {
    const std::lock_guard lock(guard_);
    progress_.advance(count, note);
  }

 private:
  std::mutex guard_;
  Progress progress_;
};

}  // namespace consilium::pipelines
