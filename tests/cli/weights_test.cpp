#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/settings.h"
#include "models/state/safetensors.h"
#include "tests/support/program.h"

namespace consilium {
namespace {

using test::consilium_program;
using test::run_program;
using testing::HasSubstr;

/// As a person at the other end would: nothing but numpy.
constexpr const char* kDouble = R"(
import json, numpy, pathlib, sys
folder = pathlib.Path(sys.argv[1])
for tensor in json.loads((folder / "weights.json").read_text())["tensors"]:
    numpy.save(folder / tensor["file"], numpy.float32(2) * numpy.load(folder / tensor["file"]).T.copy().T)
)";

TEST(Weights, GoToNumpyAndComeBack) {
  const TemporaryFolder folder;
  const std::string model = (folder.path() / "model.safetensors").string(), weights = (folder.path() / "weights").string(), back = (folder.path() / "back.safetensors").string();
  ModelState state{{{"a.weight", "trunk", {2, 3}, {1, 2, 3, 4, 5, 6}}, {"b", "head", {}, {-0.5F}}}};
  write_safetensors(model, state, {{"format", "pt"}});
  EXPECT_EQ(run_program({consilium_program(), "weights", model, "-o", weights}).code, 0);
  const auto numpy = run_program({"/usr/bin/python3", "-c", kDouble, weights});
  ASSERT_EQ(numpy.code, 0) << numpy.err;
  const auto outcome = run_program({consilium_program(), "weights", weights, "-o", back, "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (NamedTensor& tensor : state.tensors)
    for (float& value : tensor.values) value *= 2;
  EXPECT_EQ(read_safetensors(back).state, state);
  EXPECT_EQ(read_safetensors(back).metadata.at("format"), "pt");
  EXPECT_EQ(Json::parse(outcome.out).at("digest"), digest(state));
}

TEST(Weights, HaveHelpAndExitCodes) {
  EXPECT_THAT(run_program({consilium_program(), "--help"}).out, HasSubstr("weights"));
  EXPECT_THAT(run_program({consilium_program(), "weights", "--help"}).out, HasSubstr("Example:\n  consilium weights"));
  EXPECT_EQ(run_program({consilium_program(), "weights"}).code, 2);
  EXPECT_EQ(run_program({consilium_program(), "weights", "nowhere.safetensors", "-o", "x"}).code, 3);
  EXPECT_EQ(run_program({consilium_program(), "weights", "/dev", "-o", "x.safetensors"}).code, 3);
  const TemporaryFolder folder;
  write_file(folder.path() / "bad.safetensors", "12345");
  EXPECT_EQ(run_program({consilium_program(), "weights", (folder.path() / "bad.safetensors").string(), "-o", "x"}).code, 4);
}

}  // namespace
}  // namespace consilium
