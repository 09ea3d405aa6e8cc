#include "fl/compress/delta.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/guard.h"

namespace consilium::fuzz {
namespace {

/// As in make_corpus.py.
const ModelState& model() {
  static const ModelState kModel{{{"a.bias", "trunk", {8}, std::vector<float>(8)},
                                  {"b.weight", "trunk", {8, 32}, std::vector<float>(256)},
                                  {"c.weight", "head", {16, 16}, std::vector<float>(256)}}};
  return kModel;
}

}  // namespace

void fuzz_compressed_update(std::span<const std::uint8_t> bytes) {
  ModelState delta;
  const bool good = accepted([&] {
    delta =
        fl::DeltaDecoder(fl::ByteSource::of_bytes({reinterpret_cast<const char*>(bytes.data()), bytes.size()}), model(), "bytes")
            .decode_all();
  });
  if (!good) return;
  for (const NamedTensor& tensor : delta.tensors)
    expect(element_count(tensor.shape) == static_cast<std::int64_t>(tensor.values.size()), "values do not fill a shape");
  // Without a codec it comes back bit for bit; values beyond 1e30 are refused there.
  std::string written;
  if (!accepted([&] { written = fl::encode_delta(delta, model(), {}, {}); })) return;
  const ModelState again = fl::DeltaDecoder(fl::ByteSource::of_bytes(written), model(), "own bytes").decode_all();
  expect(digest(again) == digest(delta), "an update that was written is read as another");
}

}  // namespace consilium::fuzz
