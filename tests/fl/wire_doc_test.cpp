#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <vector>

#include "base/files.h"
#include "models/state/model_state.h"
#include "tests/support/program.h"

// docs/wire_format.md is compared with the schema and the program, so that it cannot rot.
namespace consilium::fl {
namespace {

std::string document() { return read_file(fs::path(CONSILIUM_SOURCE_DIR) / "docs/wire_format.md"); }

google::protobuf::FileDescriptorSet schema() {
  const fs::path root = fs::path(CONSILIUM_SOURCE_DIR) / "fl/proto";
  const TemporaryFolder folder;
  std::vector<std::string> words{"/usr/bin/protoc", "-I", root.string(), "-o", (folder.path() / "schema").string()};
  for (const auto& entry : fs::recursive_directory_iterator(root))
    if (entry.path().extension() == ".proto") words.push_back(entry.path().string());
  const test::Outcome outcome = test::run_program(words);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  google::protobuf::FileDescriptorSet files;
  EXPECT_TRUE(files.ParseFromString(read_file(folder.path() / "schema")));
  return files;
}

TEST(WireDoc, NamesEveryMessageAndFieldOfEveryProtoFile) {
  const std::string text = document();
  const auto names = [&](const std::string& word) { return std::regex_search(text, std::regex("\\b" + word + "\\b")); };
  const google::protobuf::FileDescriptorSet files = schema();
  int fields = 0;
  for (const auto& file : files.file())
    for (const auto& message : file.message_type()) {
      // A message without fields says all with its name, which the calls show.
      EXPECT_TRUE(names(message.name()) || message.field().empty()) << file.name() << ": " << message.name();
      for (const auto& field : message.field()) EXPECT_TRUE(names(field.name())) << file.name() << ": " << message.name() << "." << field.name();
      fields += message.field_size();
    }
  EXPECT_GE(fields, 20);
}

TEST(WireDoc, ShowsTheDigestOfItsExample) {
  const ModelState example{{{"a.weight", "trunk", {2, 2}, {1, 2, 3, 4}}, {"b.bias", "head", {2}, {5, 6}}}};
  EXPECT_NE(document().find("`" + digest(example) + "`"), std::string::npos) << digest(example);
}

}  // namespace
}  // namespace consilium::fl
