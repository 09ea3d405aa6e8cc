#include "models/state/npy.h"

#include "models/state/model_state.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/guard.h"

namespace consilium::fuzz {

void fuzz_npy(std::span<const std::uint8_t> bytes) {
  accepted([&] {
    const NpyArray array = parse_npy({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, "bytes");
    expect(element_count(array.shape) == static_cast<std::int64_t>(array.values.size()), "values do not fill a shape");
    const std::string once = encode_npy(array.shape, array.values);
    const NpyArray again = parse_npy(once, "own bytes");
    expect(encode_npy(again.shape, again.values) == once, "an array that was written is read as another");
  });
}

}  // namespace consilium::fuzz
