#pragma once

#include <atomic>
#include <chrono>
#include <thread>

#include "base/stop.h"

namespace consilium {

/// Lets time pass, unless somebody sets `stop`. @throws Error{kInterrupted}
inline void wait_for(double seconds, const std::atomic<bool>* stop) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end) {
    throw_if_stopped(stop);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace consilium
