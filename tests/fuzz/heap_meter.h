#pragma once

#include <cstddef>

namespace consilium::fuzz {

/// Most bytes on the heap at once since `reset`, beyond those there at that time. Counts what goes through operator new, that is
/// all of our code and of DCMTK, ITK and protobuf; the C libraries (zlib, OpenSSL) are bounded by the test's limit on address
/// space.
class HeapMeter {
 public:
  static void reset();
  static std::size_t peak_bytes();
};

}  // namespace consilium::fuzz
