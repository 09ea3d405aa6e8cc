#include "imaging/render/picture.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/rng.h"
#include "tests/support/program.h"
#include "tests/support/refusal.h"

namespace consilium::imaging {
namespace {

Picture noise(int width, int height, int channels) {
  Rng rng(9);
  Picture picture{width, height, channels, {}};
  for (int n = 0; n < width * height * channels; ++n) picture.bytes.push_back(static_cast<std::uint8_t>(rng.below(256)));
  return picture;
}

/// Reads a PNG without OpenCV, filters and all (PNG specification, section 9), and prints its size, channels and bytes as
/// hexadecimal.
const char* const kDecoder = R"(
import struct, sys, zlib
data = open(sys.argv[1], 'rb').read()
assert data[:8] == b'\x89PNG\r\n\x1a\n'
at, body = 8, b''
while at < len(data):
    size, kind = struct.unpack('>I4s', data[at:at + 8])
    if kind == b'IHDR': width, height, depth, colour = struct.unpack('>IIBB', data[at + 8:at + 18])
    if kind == b'IDAT': body += data[at + 8:at + 8 + size]
    at += size + 12
n = {0: 1, 2: 3, 6: 4}[colour]
raw, out, last = zlib.decompress(body), bytearray(), bytearray(width * n)
for y in range(height):
    start = y * (width * n + 1)
    line = bytearray(raw[start + 1:start + 1 + width * n])
    for x in range(len(line)):
        a, b, c = (line[x - n] if x >= n else 0), last[x], (last[x - n] if x >= n else 0)
        p = a + b - c
        paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
        line[x] = (line[x] + [0, a, b, (a + b) // 2, paeth][raw[start]]) % 256
    out, last = out + line, line
print(width, height, n, out.hex())
)";

TEST(Picture, PngDecodesToTheSamePixels) {
  const TemporaryFolder folder;
  write_file(folder.path() / "decode.py", kDecoder);
  for (const int channels : {1, 3, 4}) {
    const Picture picture = noise(13, 7, channels);
    write_file(folder.path() / "a.png", encode_png(picture));
    const auto peer =
        test::run_program({"/usr/bin/python3", (folder.path() / "decode.py").string(), (folder.path() / "a.png").string()});
    ASSERT_EQ(peer.code, 0) << peer.err;
    std::string expected = "13 7 " + std::to_string(channels) + " ";
    for (const std::uint8_t byte : picture.bytes) {
      expected += "0123456789abcdef"[byte / 16];
      expected += "0123456789abcdef"[byte % 16];
    }
    EXPECT_EQ(peer.out, expected + "\n") << channels << " channels";
  }
}

TEST(Picture, EncodingLeavesThePictureAsItIs) {
  for (const int channels : {1, 3, 4}) {
    const Picture picture = noise(5, 5, channels);
    const Picture before = picture;
    const std::string first = encode_png(picture);
    EXPECT_EQ(picture, before) << channels;
    EXPECT_EQ(encode_png(picture), first) << channels;
  }
}

TEST(Picture, OpacityMixesTheUpperWithTheLower) {
  const Picture below{2, 1, 1, {100, 100}};
  const Picture above{2, 1, 4, {200, 0, 255, 0, 200, 0, 255, 51}};  // clear, and a fifth
  const Picture mixed = lay_upon(below, above);
  EXPECT_EQ(mixed.channels, 3);
  EXPECT_EQ(mixed.bytes, (std::vector<std::uint8_t>{100, 100, 100, 120, 80, 131}));
}

TEST(Picture, ContentIsFoundInDarkGround) {
  Picture picture{120, 120, 1, std::vector<std::uint8_t>(120 * 120, 3)};
  for (int y = 36; y < 84; ++y)
    for (int x = 48; x < 108; ++x) picture.bytes[static_cast<std::size_t>(y * 120 + x)] = 200;
  picture.bytes[0] = 255;  // a single bright pixel is noise
  const Box box = content_box(picture);
  constexpr int kBlur = 2;  // pixels that smoothing may add on each side; the margin is a twelfth: 5 and 4 pixels
  EXPECT_NEAR(box.x, 48 - 5, kBlur);
  EXPECT_NEAR(box.y, 36 - 4, kBlur);
  EXPECT_NEAR(box.x + box.width, 108 + 5, kBlur);
  EXPECT_NEAR(box.y + box.height, 84 + 4, kBlur);
}

TEST(Picture, WithoutContentTheWholeIsShown) {
  EXPECT_EQ(content_box({30, 20, 1, std::vector<std::uint8_t>(600, 0)}), (Box{0, 0, 30, 20}));
}

TEST(Picture, CropKeepsTheChosenPixels) {
  const Picture picture{3, 2, 1, {1, 2, 3, 4, 5, 6}};
  EXPECT_EQ(crop(picture, {1, 0, 2, 2}), (Picture{2, 2, 1, {2, 3, 5, 6}}));
  EXPECT_NE(test::refusal(ErrorCode::kUsage, [&] { crop(picture, {2, 0, 2, 2}); }).find("outside"), std::string::npos);
}

TEST(Picture, MontageHoldsEveryPictureAtItsPlace) {
  const Picture red{10, 10, 3, [] {
                      std::vector<std::uint8_t> bytes;
                      for (int n = 0; n < 100; ++n) bytes.insert(bytes.end(), {255, 0, 0});
                      return bytes;
                    }()};
  const Picture sheet = draw_montage({{"one", "two"}, {"row"}, {{red, red}, {red}}});
  int count = 0;
  for (std::size_t n = 0; n < sheet.bytes.size(); n += 3)
    count += sheet.bytes[n] == 255 && sheet.bytes[n + 1] == 0 && sheet.bytes[n + 2] == 0 ? 1 : 0;
  EXPECT_EQ(count, 300);
  test::refusal(ErrorCode::kUsage, [] { draw_montage({}); });
}

TEST(Picture, RefusesPixelsThatDoNotFitTheSize) {
  EXPECT_NE(test::refusal(ErrorCode::kUsage, [] { encode_png({2, 2, 3, {1, 2}}); }).find("do not fit"), std::string::npos);
  EXPECT_NE(test::refusal(ErrorCode::kUsage, [] { encode_png({}); }).find("without pixels"), std::string::npos);
  test::refusal(ErrorCode::kMismatch, [] { lay_upon({1, 1, 1, {0}}, {1, 1, 3, {0, 0, 0}}); });
}

}  // namespace
}  // namespace consilium::imaging
