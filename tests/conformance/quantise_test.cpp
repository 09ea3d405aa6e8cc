#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "fl/compress/bf16.h"
#include "fl/compress/int8.h"
#include "tests/fl/compress/deltas.h"
#include "tests/support/program.h"

// bf16 and int8 beside numpy and PyTorch.
namespace consilium {
namespace {

std::vector<float> floats_in(const fs::path& path) {
  const std::string bytes = read_file(path);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

TEST(Quantise, Bf16AndInt8AreNumpysAndPyTorchs) {
  constexpr std::size_t kBlock = 1024;
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "values";
  std::vector<float> values = test::heavy_tailed(100000, 1);
  // Halves, whose rounding is a matter of agreement.
  for (std::size_t n = 0; n < 1000; ++n)
    values[n] = static_cast<float>(n % 255) / 2 * 1.27F / 127, values[n * 50 + 7] = 1 + static_cast<float>(n) / 256;
  write_file(file, std::string_view(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)));
  const auto outcome = test::run_program({"/usr/bin/python3",
                                          (fs::path(CONSILIUM_SOURCE_DIR) / "tests/conformance/quantise_as_others.py").string(),
                                          file.string(), std::to_string(kBlock)});
  ASSERT_EQ(outcome.code, 0) << outcome.err << "\n./dev test installs python3-torch and python3-numpy";
  std::vector<float> found(values.size());
  fl::decode_bf16(fl::encode_bf16(values), found);
  EXPECT_EQ(found, floats_in(file.string() + ".bf16"));
  fl::decode_int8(fl::encode_int8(values, kBlock), found);
  EXPECT_EQ(found, floats_in(file.string() + ".int8"));
  // PyTorch multiplies by the inverse of the scale: a value on the border of two codes may fall to the other.
  const std::vector<float> theirs = floats_in(file.string() + ".int8_torch");
  std::size_t apart = 0;
  for (std::size_t n = 0; n < values.size(); ++n) apart += std::abs(found[n] - theirs[n]) > 1e-6F * std::abs(found[n]) ? 1 : 0;
  EXPECT_LT(apart, values.size() / 1000);
}

}  // namespace
}  // namespace consilium
