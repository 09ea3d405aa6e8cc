#include "models/state/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "base/error.h"
#include "base/files.h"
#include "base/rng.h"
#include "models/state/safetensors_file.h"

namespace consilium {
namespace {

using testing::HasSubstr;

ModelState sample_state() { return {{{"a.weight", "trunk", {2, 3}, {1, -2.5F, 3, 4, 5, 6}}, {"b.bias", "head", {2}, {0.1F, 1e-30F}}, {"c", "", {}, {7}}}}; }

std::string with_header(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + data;
}

std::string refusal(const std::string& bytes, ErrorCode code = ErrorCode::kCorruptData) {
  try {
    parse_safetensors(bytes, "model");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

TEST(Safetensors, AStateComesBackWithGroupsAndMetadata) {
  const ModelFile file = parse_safetensors(encode_safetensors(sample_state(), {{"seed", "7"}}), "model");
  EXPECT_EQ(file.state, sample_state());
  EXPECT_EQ(file.metadata, (std::map<std::string, std::string>{{"seed", "7"}}));
}

TEST(Safetensors, SameStateGivesSameBytes) { EXPECT_EQ(encode_safetensors(sample_state()), encode_safetensors(sample_state())); }

TEST(Safetensors, AFileWrittenTensorByTensorIsTheSame) {
  const TemporaryFolder folder;
  const ModelState state = sample_state();
  std::vector<const NamedTensor*> layout;
  for (const NamedTensor& tensor : state.tensors) layout.push_back(&tensor);
  write_safetensors_one_by_one(folder.path() / "one", layout, [&](std::size_t n) { return state.tensors[n].values; });
  EXPECT_EQ(read_file(folder.path() / "one"), encode_safetensors(state));
  EXPECT_EQ(safetensors_bytes(state), encode_safetensors(state).size());
  EXPECT_THROW(write_safetensors_one_by_one(folder.path() / "two", layout, [&](std::size_t) { return std::vector<float>(2); }), Error);
  EXPECT_THROW(write_safetensors_one_by_one(folder.path() / "absent" / "one", layout, [&](std::size_t n) { return state.tensors[n].values; }), Error);
}

TEST(Safetensors, PythonReadsWhatWeWrite) {
  const char* python = "/usr/bin/python3";
  ASSERT_EQ(access(python, X_OK), 0) << "./dev test installs python3";
  const TemporaryFolder folder;
  write_safetensors(folder.path() / "m.safetensors", sample_state());
  // The format read by its description, without the library, which Debian 12 does not have.
  const std::string script =
      "import json, struct, sys\n"
      "b = open(sys.argv[1], 'rb').read()\n"
      "n = struct.unpack('<Q', b[:8])[0]\n"
      "h = json.loads(b[8:8 + n]); d = b[8 + n:]\n"
      "assert (8 + n) % 8 == 0\n"
      "o = h['a.weight']; assert o['dtype'] == 'F32' and o['shape'] == [2, 3]\n"
      "s, e = o['data_offsets']; assert struct.unpack('<6f', d[s:e]) == (1.0, -2.5, 3.0, 4.0, 5.0, 6.0)\n"
      "assert h['__metadata__']['group:b.bias'] == 'head'\n"
      "assert max(v['data_offsets'][1] for k, v in h.items() if k != '__metadata__') == len(d)\n";
  const std::string path = (folder.path() / "m.safetensors").string();
  const pid_t child = fork();
  if (child == 0) {
    execl(python, python, "-c", script.c_str(), path.c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(Safetensors, WrongFilesAreRefusedByTheNameOfWhatIsWrong) {
  EXPECT_THAT(refusal("abc"), HasSubstr("3 bytes"));
  EXPECT_THAT(refusal(std::string("\xff\xff\xff\xff\xff\xff\xff\x7f", 8)), HasSubstr("promises"));
  EXPECT_THAT(refusal(with_header("{", "")), HasSubstr("JSON"));
  EXPECT_THAT(refusal(with_header(R"({"w":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}})", "ab"), ErrorCode::kUnsupported), HasSubstr("\"w\" is of type F16"));
  EXPECT_THAT(refusal(with_header(R"({"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", "12345678")), HasSubstr("12 bytes"));
  EXPECT_THAT(refusal(with_header(R"({"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,8]}})", "12345678")), HasSubstr("whole number"));
  EXPECT_THAT(refusal(with_header(R"({"w":{"dtype":"F32","shape":[2147483647,2147483647],"data_offsets":[0,8]}})", "12345678")), HasSubstr("too large"));
  EXPECT_THAT(refusal(with_header(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", "12345678")), HasSubstr("begin"));
  EXPECT_THAT(refusal(with_header(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "12345678")), HasSubstr("the file holds 8"));
  EXPECT_THAT(refusal(with_header(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "1234")), HasSubstr("twice"));
}

TEST(Safetensors, MutatedBytesGiveAnErrorOrAModelAndNothingElse) {
  const std::string sound = encode_safetensors(sample_state(), {{"k", "v"}});
  Rng rng(5);
  int refused = 0;
  for (int n = 0; n < 5000; ++n) {
    std::string bytes = sound;
    for (std::uint64_t flips = 1 + rng.below(5); flips > 0; --flips) bytes[rng.below(bytes.size())] = static_cast<char>(rng.below(256));
    if (rng.chance(0.2)) bytes.resize(rng.below(bytes.size()));
    try {
      parse_safetensors(bytes, "fuzz");
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 2500);
}

}  // namespace
}  // namespace consilium
