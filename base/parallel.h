#pragma once

#include <cstddef>
#include <functional>

namespace consilium {

/// Threads this process may use: the smaller of the affinity mask and the control group's CPU quota, at least 1.
std::size_t available_threads();

/// Process-wide bound for `parallel_for` (`--threads`); 0 means available_threads().
void set_thread_limit(std::size_t threads);
std::size_t thread_limit();

/// Calls body(begin, end) on disjoint ranges that cover [0, count). Which thread runs which range is not fixed, but the ranges
/// are: they depend on `count` and `grain` only, so per-range reductions are reproducible. The first exception is rethrown.
void parallel_for(std::size_t count, std::size_t grain, const std::function<void(std::size_t begin, std::size_t end)>& body);

}  // namespace consilium
