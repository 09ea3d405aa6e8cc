#include "fl/wire/chunks.h"

#include <gtest/gtest.h>

#include "base/error.h"
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
  ChunkCollector collector(list);
  for (const std::size_t n : {3U, 0U, 2U}) collector.add(list.hashes[n], std::string(chunk_of(bytes, n)));
  EXPECT_EQ(collector.missing(), std::vector<std::uint64_t>{1});
  EXPECT_THROW(collector.assemble(), Error);
  collector.add(list.hashes[1], std::string(chunk_of(bytes, 1)));
  EXPECT_EQ(collector.assemble(), bytes);
}

TEST(Chunks, EqualChunksAreSentOnce) {
  const std::string bytes(3 * kChunkBytes, 'z');
  ChunkCollector collector(chunk_list(bytes));
  collector.add(chunk_list(bytes).hashes[0], std::string(chunk_of(bytes, 0)));
  EXPECT_TRUE(collector.is_complete());
  EXPECT_EQ(collector.assemble(), bytes);
}

TEST(Chunks, WhatWasNotAnnouncedIsRefused) {
  const std::string bytes = noise(kChunkBytes + 5);
  const ChunkList list = chunk_list(bytes);
  ChunkCollector collector(list);
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
  list.hashes.pop_back();
  EXPECT_THROW(validate(list, 1 << 24, "test"), Error);
  list.hashes.push_back("short");
  EXPECT_THROW(validate(list, 1 << 24, "test"), Error);
}

TEST(Chunks, OneHashForAFullAndForAShorterChunkIsRefusedWhenPutTogether) {
  const std::string chunk(kChunkBytes, 'z');
  ChunkCollector collector({kChunkBytes + 5, {sha256(chunk), sha256(chunk)}});
  collector.add(sha256(chunk), chunk);
  EXPECT_THROW(collector.assemble(), Error) << "2 MiB for an announced 1 MiB and 5 bytes";
}

TEST(Chunks, Sha256IsThatOfTheStandard) {
  // FIPS 180-4, example "abc".
  const std::string hash = sha256("abc");
  EXPECT_EQ(static_cast<unsigned char>(hash[0]), 0xBA);
  EXPECT_EQ(static_cast<unsigned char>(hash[31]), 0xAD);
}

}  // namespace
}  // namespace consilium::fl
