#include "base/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace consilium {
namespace {

std::atomic<std::size_t> limit{0};

std::size_t quota_threads() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return ~std::size_t{0};
  return static_cast<std::size_t>(std::max(1.0, std::stod(quota) / period + 0.5));
}

}  // namespace

std::size_t available_threads() {
  cpu_set_t set;
  std::size_t threads = std::max(1U, std::thread::hardware_concurrency());
  if (sched_getaffinity(0, sizeof set, &set) == 0) threads = static_cast<std::size_t>(std::max(1, CPU_COUNT(&set)));
  return std::min(threads, quota_threads());
}

void set_thread_limit(std::size_t threads) { limit = threads; }
std::size_t thread_limit() { return limit == 0 ? available_threads() : limit.load(); }

void parallel_for(std::size_t count, std::size_t grain, const std::function<void(std::size_t, std::size_t)>& body) {
  if (count == 0) return;
  grain = std::max<std::size_t>(1, grain);
  const std::size_t pieces = (count + grain - 1) / grain;
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  std::mutex mutex;
  const auto work = [&] {
    for (std::size_t piece = next++; piece < pieces; piece = next++) {
      try {
        body(piece * grain, std::min(count, (piece + 1) * grain));
      } catch (...) {  // carried to the caller's thread, where it is rethrown
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
        next = pieces;
      }
    }
  };
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < std::min(thread_limit(), pieces); ++i) threads.emplace_back(work);
  work();
  threads.clear();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace consilium
