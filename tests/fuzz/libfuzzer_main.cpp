#include "tests/fuzz/bodies.h"

namespace consilium::fuzz {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  CONSILIUM_FUZZ_BODY({bytes, size});
  return 0;
}

}  // namespace consilium::fuzz
