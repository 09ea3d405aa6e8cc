#pragma once

#include <atomic>

#include "base/error.h"

namespace consilium {

/// Where long work ends in order when another thread or a signal handler has set `stop` (null: nobody can).
/// @throws Error{kInterrupted}
inline void throw_if_stopped(const std::atomic<bool>* stop) {
  require(stop == nullptr || !*stop, ErrorCode::kInterrupted, "interrupted; started again on the same folder, it goes on");
}

}  // namespace consilium
