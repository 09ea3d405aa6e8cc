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

TEST(FolderLock, SharesAreTogetherButNotWithOneAlone) {
  const TemporaryFolder folder;
  {
    const FolderLock first(folder.path(), 0, LockKind::kShared);
    EXPECT_NO_THROW(FolderLock(folder.path(), 0, LockKind::kShared));
    test::refusal(ErrorCode::kCannotWrite, [&] { FolderLock(folder.path(), 0); });
  }
  const FolderLock alone(folder.path(), 0);
  test::refusal(ErrorCode::kCannotWrite, [&] { FolderLock(folder.path(), 0, LockKind::kShared); });
}

TEST(FolderLock, ATryTellsAtOnce) {
  const TemporaryFolder folder;
  auto first = FolderLock::try_lock(folder.path() / "run");
  ASSERT_TRUE(first.has_value());
  EXPECT_FALSE(FolderLock::try_lock(folder.path() / "run").has_value());
  first.reset();
  EXPECT_TRUE(FolderLock::try_lock(folder.path() / "run").has_value());
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
