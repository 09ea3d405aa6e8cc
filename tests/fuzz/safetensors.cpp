#include "models/state/safetensors.h"

#include "tests/fuzz/bodies.h"
#include "tests/fuzz/guard.h"

namespace consilium::fuzz {

void fuzz_safetensors(std::span<const std::uint8_t> bytes) {
  accepted([&] {
    const ModelFile file = parse_safetensors({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, "bytes");
    for (const NamedTensor& tensor : file.state.tensors)
      expect(element_count(tensor.shape) == static_cast<std::int64_t>(tensor.values.size()), "values do not fill a shape");
    // NaN is not equal to itself: digests are compared, not values.
    const ModelFile again = parse_safetensors(encode_safetensors(file.state, file.metadata), "own bytes");
    expect(digest(again.state) == digest(file.state) && again.metadata == file.metadata,
           "a model that was written is read as another");
  });
}

}  // namespace consilium::fuzz
