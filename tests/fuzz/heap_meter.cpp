#include "tests/fuzz/heap_meter.h"

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

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

void give(void* block) noexcept {
  if (block != nullptr) in_use -= static_cast<std::ptrdiff_t>(malloc_usable_size(block));
  std::free(block);
}

void* or_throw(void* block) {
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

}  // namespace

void* operator new(std::size_t size) { return or_throw(take(size)); }
void* operator new[](std::size_t size) { return or_throw(take(size)); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return take(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return take(size); }
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

void HeapMeter::reset() {
  at_reset = in_use.load();
  peak = in_use.load();
}

std::size_t HeapMeter::peak_bytes() { return static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, peak - at_reset)); }

}  // namespace consilium::fuzz
