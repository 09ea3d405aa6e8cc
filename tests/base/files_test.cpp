#include "base/files.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace consilium {
namespace {

TEST(Files, FailedWriteLeavesTheOldFileAndNoPartialOne) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.txt";
  write_file(path, "old");
  EXPECT_THROW(write_beside(path, [](const fs::path& temporary) {
    write_file(temporary, "half");
    throw Error(ErrorCode::kCannotWrite, "disk full");
  }), Error);
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator{}), 1);
}

TEST(Files, RefusesAFileOverTheLimit) {
  const TemporaryFolder folder;
  write_file(folder.path() / "big", std::string(100, 'x'));
  EXPECT_THROW(read_file(folder.path() / "big", 99), Error);
}

TEST(Files, APathInASettingsFileIsRelativeToTheFile) {
  EXPECT_EQ(resolved("/runs/demo", "data"), "/runs/demo/data");
  EXPECT_EQ(resolved("/runs/demo", "../keys/./site_a"), "/runs/keys/site_a");
  EXPECT_EQ(resolved("/runs/demo", "/srv/keys"), "/srv/keys");
  EXPECT_EQ(resolved("/runs/demo", ""), "");
}

TEST(Files, SaysWhatIsThereInsteadOfAFile) {
  const TemporaryFolder folder;
  const auto refusal = [](const fs::path& path) -> std::string {
    try {
      require_file(path);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kNotFound);
      return error.what();
    }
    return "";
  };
  write_file(folder.path() / "file", "x");
  EXPECT_EQ(refusal(folder.path() / "file"), "");
  EXPECT_NE(refusal(folder.path() / "absent").find("no such file"), std::string::npos);
  EXPECT_NE(refusal(folder.path()).find("found a folder"), std::string::npos);
  EXPECT_NE(refusal("/dev/null").find("found a device or pipe"), std::string::npos);
  EXPECT_NE(refusal(folder.path() / "file" / "below").find("no such file"), std::string::npos);
  EXPECT_NE(refusal(folder.path() / std::string(300, 'x')).find("name too long"), std::string::npos);
}

}  // namespace
}  // namespace consilium
