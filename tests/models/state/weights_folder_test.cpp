#include "models/state/weights_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "tests/support/refusal.h"

namespace consilium {
namespace {

using test::refusal;
using testing::HasSubstr;

ModelFile model() { return {{{{"..", "head", {0, 2}, {}}, {"a.weight", "trunk", {2, 2}, {1, 2, 3, -0.0F}}, {"first/a", "", {}, {7}}}}, {{"format", "pt"}}}; }

TEST(WeightsFolder, KeepsEveryBitNameGroupAndWord) {
  const TemporaryFolder folder;
  write_weights_folder(folder.path() / "w", model());
  const ModelFile found = read_weights_folder(folder.path() / "w");
  EXPECT_EQ(encode_safetensors(found.state, found.metadata), encode_safetensors(model().state, model().metadata));
  EXPECT_TRUE(fs::exists(folder.path() / "w/a.weight.npy"));
  EXPECT_TRUE(fs::exists(folder.path() / "w/tensor_2.npy")) << "a name with a slash is no file name";
}

TEST(WeightsFolder, DoesNotWriteOverAnother) {
  const TemporaryFolder folder;
  write_weights_folder(folder.path(), model());
  EXPECT_THAT(refusal(ErrorCode::kCannotWrite, [&] { write_weights_folder(folder.path(), model()); }), HasSubstr("weights.json"));
}

TEST(WeightsFolder, TwoTensorsNeverShareAFile) {
  const ModelFile two{{{{"first/a", "", {}, {1}}, {"tensor_0", "", {}, {2}}}}, {}};
  const TemporaryFolder folder;
  EXPECT_THAT(refusal(ErrorCode::kUnsupported, [&] { write_weights_folder(folder.path(), two); }), HasSubstr("tensor_0.npy"));
}

TEST(WeightsFolder, ReadsOnlyFilesOfItsOwn) {
  const TemporaryFolder folder;
  const auto refused = [&](ErrorCode code, const std::string& json) {
    write_file(folder.path() / "weights.json", json);
    return refusal(code, [&] { read_weights_folder(folder.path()); });
  };
  const auto with = [](const std::string& tensors) { return R"({"schema": "consilium.weights/1", "tensors": )" + tensors + "}"; };
  EXPECT_THAT(refused(ErrorCode::kCorruptData, "[]"), HasSubstr("schema"));
  EXPECT_THAT(refused(ErrorCode::kCorruptData, R"({"schema": 3})"), HasSubstr("schema"));
  EXPECT_THAT(refused(ErrorCode::kCorruptData, with("{}")), HasSubstr("not a list"));
  EXPECT_THAT(refused(ErrorCode::kCorruptData, with(R"([{"name": "a"}])")), HasSubstr("group"));
  for (const char* file : {"../a.npy", "/etc/passwd", "..", "a.txt", ""})
    EXPECT_THAT(refused(ErrorCode::kCorruptData, with(R"([{"name": "a", "group": "", "file": ")" + std::string(file) + R"("}])")), HasSubstr("not the name")) << file;
  refused(ErrorCode::kNotFound, with(R"([{"name": "a", "group": "", "file": "a.npy"}])"));
}

}  // namespace
}  // namespace consilium
