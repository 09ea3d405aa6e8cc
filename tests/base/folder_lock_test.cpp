#include "base/folder_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/support/refusal.h"

namespace consilium {
namespace {

TEST(FolderLock, OnlyOneAtATimeAndTheNextWhenItIsGone) {
  const TemporaryFolder folder;
  {
    const FolderLock first(folder.path() / "run");
    EXPECT_THAT(test::refusal(ErrorCode::kCannotWrite, [&] { FolderLock(folder.path() / "run", 0.05); }),
                testing::AllOf(testing::HasSubstr("run"), testing::HasSubstr("another consilium process")));
    EXPECT_NO_THROW(FolderLock(folder.path() / "other", 0));
  }
  EXPECT_NO_THROW(FolderLock(folder.path() / "run", 0));
}

TEST(FolderLock, MovesWithItsOwner) {
  const TemporaryFolder folder;
  FolderLock first(folder.path());
  const FolderLock second = std::move(first);
  test::refusal(ErrorCode::kCannotWrite, [&] { FolderLock(folder.path(), 0); });
}

TEST(FolderLock, AFolderThatCannotBeMadeIsNamed) {
  const TemporaryFolder folder;
  write_file(folder.path() / "file", "in the way");
  EXPECT_THAT(test::refusal(ErrorCode::kCannotWrite, [&] { FolderLock(folder.path() / "file" / "run"); }),
              testing::HasSubstr("file/run"));
}

}  // namespace
}  // namespace consilium
