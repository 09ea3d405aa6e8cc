#include "tests/fuzz/heap_meter.h"

#include <malloc.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <new>
#include <string>
#include <string_view>

namespace {

std::atomic<std::ptrdiff_t> in_use{0}, at_reset{0}, peak{0};

void* count(void* block) noexcept {
  if (block == nullptr) return nullptr;
  const std::ptrdiff_t now = in_use += static_cast<std::ptrdiff_t>(malloc_usable_size(block));
  for (std::ptrdiff_t seen = peak; now > seen && !peak.compare_exchange_weak(seen, now);) {
  }
  return block;
}

void* take(std::size_t size) noexcept { return count(std::malloc(std::max<std::size_t>(size, 1))); }

void* take(std::size_t size, std::align_val_t alignment) noexcept {
  const auto step = static_cast<std::size_t>(alignment);
  return count(std::aligned_alloc(step, (std::max<std::size_t>(size, 1) + step - 1) / step * step));
}

/// Large blocks that are not counted. Who asks without exceptions expects to be refused: DCMTK asks for what a header claims
/// before it looks at what is there, and touches only that. Such a block counts by its pages in the resident set.
constexpr std::size_t kLarge = 1 << 20;
std::array<std::atomic<void*>, 64> claimed{};

void* take_claimed(std::size_t size) noexcept {
  if (size < kLarge) return take(size);
  void* block = std::malloc(size);
  for (auto& place : claimed)
    if (void* none = nullptr; block != nullptr && place.compare_exchange_strong(none, block)) return block;
  return count(block);
}

bool was_claimed(void* block) noexcept {
  return std::any_of(claimed.begin(), claimed.end(), [&](auto& place) {
    void* expected = block;
    return place.compare_exchange_strong(expected, nullptr);
  });
}

void give(void* block) noexcept {
  if (block != nullptr && !(malloc_usable_size(block) >= kLarge && was_claimed(block)))
    in_use -= static_cast<std::ptrdiff_t>(malloc_usable_size(block));
  std::free(block);
}

void* or_throw(void* block) {
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

}  // namespace

void* operator new(std::size_t size) { return or_throw(take(size)); }
void* operator new[](std::size_t size) { return or_throw(take(size)); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return take_claimed(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return take_claimed(size); }
void* operator new(std::size_t size, std::align_val_t alignment) { return or_throw(take(size, alignment)); }
void* operator new[](std::size_t size, std::align_val_t alignment) { return or_throw(take(size, alignment)); }
void operator delete(void* block) noexcept { give(block); }
void operator delete[](void* block) noexcept { give(block); }
void operator delete(void* block, std::size_t) noexcept { give(block); }
void operator delete[](void* block, std::size_t) noexcept { give(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { give(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { give(block); }
void operator delete(void* block, std::align_val_t) noexcept { give(block); }
void operator delete[](void* block, std::align_val_t) noexcept { give(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { give(block); }
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept { give(block); }

namespace consilium::fuzz {
namespace {

/// A line of /proc/self/status, in bytes.
std::size_t status_bytes(const char* key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(key)) return std::stoull(line.substr(std::string_view(key).size())) * 1024;
  return 0;
}

std::size_t resident_at_reset = 0;

}  // namespace

void HeapMeter::reset() {
  std::ofstream("/proc/self/clear_refs") << "5";  // the resident set's high-water mark starts anew
  resident_at_reset = status_bytes("VmRSS:");
  at_reset = in_use.load();
  peak = in_use.load();
}

std::size_t HeapMeter::peak_bytes() { return static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, peak - at_reset)); }

std::size_t HeapMeter::peak_resident_bytes() {
  const std::size_t now = status_bytes("VmHWM:");
  return now > resident_at_reset ? now - resident_at_reset : 0;
}

}  // namespace consilium::fuzz
