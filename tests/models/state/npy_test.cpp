#include "models/state/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "tests/support/program.h"
#include "tests/support/refusal.h"

namespace consilium {
namespace {

using test::refusal;
using testing::HasSubstr;

std::string file_with(const std::string& header, const std::string& data, char version = 1) {
  std::string bytes("\x93NUMPY");
  bytes += {version, '\0', static_cast<char>(header.size() & 0xFF), static_cast<char>(header.size() >> 8)};
  if (version > 1) bytes += std::string(2, '\0');
  return bytes + header + data;
}

/// Runs numpy with `code`, which finds the file's name in sys.argv[1].
std::string numpy(const std::string& code, const fs::path& file) {
  const test::Outcome outcome = test::run_program({"/usr/bin/python3", "-c", "import numpy, sys\n" + code, file.string()});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return outcome.out;
}

TEST(Npy, BytesAreThoseOfNumpy) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "a.npy";
  for (const auto& [shape, code] : {std::pair<std::vector<std::int64_t>, std::string>{{2, 3}, "(2, 3)"}, {{6}, "6"}, {{1, 2, 3}, "(1, 2, 3)"}}) {
    numpy("numpy.save(sys.argv[1], numpy.arange(6, dtype='<f4').reshape(" + code + "))", file);
    const NpyArray ours{shape, {0, 1, 2, 3, 4, 5}};
    EXPECT_EQ(encode_npy(ours.shape, ours.values), read_file(file));
    EXPECT_EQ(parse_npy(read_file(file), "a"), ours);
  }
  numpy("numpy.save(sys.argv[1], numpy.float32(7))", file);
  EXPECT_EQ(encode_npy({}, {7}), read_file(file));
  numpy("numpy.save(sys.argv[1], numpy.zeros((0, 3), '<f4'))", file);
  EXPECT_EQ(encode_npy({0, 3}, {}), read_file(file));
}

TEST(Npy, ColumnMajorIsTurned) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "a.npy";
  numpy("numpy.save(sys.argv[1], numpy.asfortranarray(numpy.arange(24, dtype='<f4').reshape(2, 3, 4)))", file);
  ASSERT_THAT(read_file(file), HasSubstr("'fortran_order': True"));
  NpyArray expected{{2, 3, 4}, {}};
  for (int n = 0; n < 24; ++n) expected.values.push_back(static_cast<float>(n));
  EXPECT_EQ(parse_npy(read_file(file), "a"), expected);
  numpy("numpy.save(sys.argv[1], numpy.asfortranarray(numpy.zeros((2, 0, 4), '<f4')))", file);
  EXPECT_EQ(parse_npy(read_file(file), "a"), (NpyArray{{2, 0, 4}, {}}));
}

TEST(Npy, LaterVersionsAndOtherOrdersOfKeysAreRead) {
  const std::string header = "{\"shape\": (1,), 'fortran_order':False,'descr': '<f4'}\n";
  for (const char version : {1, 2, 3}) EXPECT_EQ(parse_npy(file_with(header, std::string(4, '\0'), version), "a"), (NpyArray{{1}, {0}}));
}

TEST(Npy, OtherTypesAreUnsupportedAndSaidSo) {
  const std::string words = refusal(ErrorCode::kUnsupported, [] { parse_npy(file_with("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", std::string(8, '\0')), "weights/a.npy"); });
  EXPECT_THAT(words, testing::AllOf(HasSubstr("weights/a.npy"), HasSubstr("<f8"), HasSubstr("astype")));
}

TEST(Npy, DamageIsRefusedBeforeMemoryIsTaken) {
  const auto refused = [](const std::string& bytes) { return refusal(ErrorCode::kCorruptData, [&] { parse_npy(bytes, "a"); }); };
  const auto with_shape = [](const std::string& shape) { return file_with("{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + ", }", std::string(4, '\0')); };
  EXPECT_THAT(refused(""), HasSubstr("does not begin"));
  EXPECT_THAT(refused("\x93NUMPY\1"), HasSubstr("does not begin"));
  EXPECT_THAT(refused(file_with("{}", "", 4)), HasSubstr("version"));
  EXPECT_THAT(refused(file_with("{}", "")), HasSubstr("lacks"));
  EXPECT_THAT(refused(file_with("{'descr': [('a', '<f4')], ", "")), HasSubstr("something else than text"));
  EXPECT_THAT(refused(file_with("{'descr': '<f4', 'descr': '<f4', ", "")), HasSubstr("twice"));
  EXPECT_THAT(refused(std::string("\x93NUMPY\1\0\xFF\xFF{}", 12)), HasSubstr("promises"));
  EXPECT_THAT(refused(with_shape("(2,)")), HasSubstr("needs 8 bytes"));
  EXPECT_THAT(refused(with_shape("(-1,)")), HasSubstr("shape"));
  EXPECT_THAT(refused(with_shape("(2147483648,)")), HasSubstr("shape"));
  EXPECT_THAT(refused(with_shape("(2147483647, 2147483647, 2147483647)")), HasSubstr("too large"));
  EXPECT_THAT(refused(with_shape("(1)) + ((1)")), HasSubstr("header"));
}

}  // namespace
}  // namespace consilium
