#pragma once

#include <cstddef>

namespace consilium::fuzz {

/// How much memory was taken at most since `reset`, beyond what was in use at that time.
class HeapMeter {
 public:
  static void reset();
  /// Through operator new: all of our code, ITK, protobuf.
  static std::size_t peak_bytes();
  /// Pages in memory, whoever asked for them: also the C libraries (zlib, OpenSSL) and DCMTK. 0 where the system does not tell.
  static std::size_t peak_resident_bytes();
};

}  // namespace consilium::fuzz
