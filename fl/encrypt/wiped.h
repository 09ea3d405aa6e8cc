#pragma once

#include <sodium.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

namespace consilium::fl {

/// Memory for secrets: overwritten before it is given back, between pages that nobody may touch, left out of core dumps and, as far as the system's limit
/// allows, of swap (libsodium's sodium_malloc).
template <typename T>
struct WipingAllocator {
  using value_type = T;

  WipingAllocator() = default;
  template <typename U>
  WipingAllocator(const WipingAllocator<U>&) {}
  T* allocate(std::size_t count) {
    void* const memory = sodium_init() < 0 ? nullptr : sodium_allocarray(count, sizeof(T));
    if (memory == nullptr) throw std::bad_alloc();
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t) { sodium_free(memory); }
  template <typename U>
  bool operator==(const WipingAllocator<U>&) const { return true; }
};

template <typename T>
using SecretVector = std::vector<T, WipingAllocator<T>>;

}  // namespace consilium::fl
