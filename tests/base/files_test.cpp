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

}  // namespace
}  // namespace consilium
