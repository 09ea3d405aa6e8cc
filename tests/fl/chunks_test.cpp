#include "fl/wire/chunk_file.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/rng.h"

namespace consilium::fl {
namespace {

std::string noise(std::size_t size) {
  Rng rng(1);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(rng.next());
  return bytes;
}

TEST(Chunks, ComeTogetherInAnyOrder) {
  const std::string bytes = noise(3 * kChunkBytes + 17);
  const ChunkList list = chunk_list(bytes);
  ASSERT_EQ(list.hashes.size(), 4U);
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "file.part";
  {
    ChunkFile file(path, list);
    for (const std::size_t n : {3U, 0U, 2U}) file.add(list.hashes[n], chunk_of(bytes, n));
    EXPECT_EQ(file.missing(), std::vector<std::uint64_t>{1});
    EXPECT_FALSE(file.is_complete());
  }
  ChunkFile again(path, list);  // another life of the process: what lies there counts
  EXPECT_EQ(again.missing(), std::vector<std::uint64_t>{1});
  again.add(list.hashes[1], chunk_of(bytes, 1));
  EXPECT_TRUE(again.is_complete());
  EXPECT_EQ(read_file(path), bytes);
  EXPECT_EQ(chunks_of_file(path).list, list);
}

TEST(Chunks, EqualChunksAreSentOnce) {
  const std::string bytes(3 * kChunkBytes, 'z');
  const TemporaryFolder folder;
  ChunkFile file(folder.path() / "file", chunk_list(bytes));
  EXPECT_EQ(file.missing(), std::vector<std::uint64_t>{0});
  file.add(chunk_list(bytes).hashes[0], chunk_of(bytes, 0));
  EXPECT_TRUE(file.is_complete());
  EXPECT_EQ(read_file(folder.path() / "file"), bytes);
}

TEST(Chunks, WhatLiesThereFromAnotherFileIsAskedForAgain) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "file";
  std::string bytes = noise(3 * kChunkBytes + 17);
  write_file(path, bytes + "and more");
  bytes[kChunkBytes + 3] ^= 1;
  ChunkFile file(path, chunk_list(bytes));
  EXPECT_EQ(file.missing(), std::vector<std::uint64_t>{1});
  file.add(file.list().hashes[1], chunk_of(bytes, 1));
  EXPECT_EQ(read_file(path), bytes);
}

TEST(Chunks, AFullDiskIsSaidBeforeAnythingIsSent) {
  // 2^50 bytes are more than any disk here; /dev/full refuses at once.
  const TemporaryFolder folder;
  try {
    OpenFile(folder.path() / "file", true).reserve(1ULL << 50);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCannotWrite);
  }
  try {
    OpenFile("/dev/full", true).write(0, "x");
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCannotWrite);
    EXPECT_NE(std::string(error.what()).find("make room"), std::string::npos) << error.what();
  }
}

TEST(Chunks, WhatWasNotAnnouncedIsRefused) {
  const std::string bytes = noise(kChunkBytes + 5);
  const ChunkList list = chunk_list(bytes);
  const TemporaryFolder folder;
  ChunkFile collector(folder.path() / "file", list);
  std::string changed(chunk_of(bytes, 1));
  changed[0] ^= 1;
  EXPECT_THROW(collector.add(list.hashes[1], changed), Error);
  EXPECT_THROW(collector.add(sha256(changed), changed), Error);
  EXPECT_THROW(collector.add(list.hashes[0], std::string(chunk_of(bytes, 1))), Error);
}

TEST(Chunks, AListThatDoesNotFitItsSizeIsRefused) {
  ChunkList list = chunk_list(noise(kChunkBytes + 5));
  EXPECT_NO_THROW(validate(list, 1 << 24, "test"));
  EXPECT_THROW(validate(list, 1000, "test"), Error);
  for (const std::uint32_t size : {0U, 1U, kFewestChunkBytes - 1, kMostChunkBytes + 1}) {
    ChunkList odd = list;
    odd.chunk_bytes = size;
    EXPECT_THROW(validate(odd, 1 << 24, "test"), Error) << size;
  }
  list.hashes.pop_back();
  EXPECT_THROW(validate(list, 1 << 24, "test"), Error);
  list.hashes.push_back("short");
  EXPECT_THROW(validate(list, 1 << 24, "test"), Error);
}

TEST(Chunks, OneHashForAFullAndForAShorterChunkIsRefused) {
  const std::string chunk(kChunkBytes, 'z');
  EXPECT_THROW(validate({kChunkBytes + 5, {sha256(chunk), sha256(chunk)}}, 1 << 24, "test"), Error);
}

TEST(Chunks, Sha256IsThatOfTheStandard) {
  // FIPS 180-4, example "abc".
  const std::string hash = sha256("abc");
  EXPECT_EQ(static_cast<unsigned char>(hash[0]), 0xBA);
  EXPECT_EQ(static_cast<unsigned char>(hash[31]), 0xAD);
}

}  // namespace
}  // namespace consilium::fl
