#include "fl/wire/messages.h"

#include "base/files.h"
#include "fl/wire/chunk_file.h"

#include <google/protobuf/stubs/logging.h>

#include "tests/fuzz/bodies.h"
#include "tests/fuzz/guard.h"

namespace consilium::fuzz {
namespace {

constexpr std::uint64_t kLimitBytes = 1 << 24;

/// Chunks that do not fit their list must be refused one by one.
void collect(const fl::ChunkList& list, const std::string& data) {
  if (list.size_bytes > 1 << 20) return;  // the disk takes its time
  static const TemporaryFolder folder;
  accepted([&] {
    fl::ChunkFile file(folder.path() / "file", list);
    accepted([&] { file.add(fl::sha256(data), data); });
    if (!list.hashes.empty()) accepted([&] { file.add(list.hashes.front(), data); });
    expect(!file.is_complete() || fs::file_size(folder.path() / "file") == list.size_bytes, "a complete file has not as many bytes as were announced");
  });
}

template <typename Message, typename Check>
void parse(const std::string& bytes, const Check& check) {
  Message message;
  if (message.ParseFromString(bytes)) accepted([&] { check(message); });
}

void announcement(const fl::pb::Announcement& message) {
  const fl::Announced announced = fl::from_message(message);
  expect(fl::from_message(fl::to_message(announced)) == announced, "an announcement that was written is read as another");
  collect(announced.model, announced.plan.task);
}

void offer(const fl::pb::UpdateOffer& message) {
  const fl::Offer found = fl::from_message(message, kLimitBytes);
  const fl::Offer again = fl::from_message(fl::to_message(found.update, found.delta, found.codec), kLimitBytes);
  expect(again.delta == found.delta && again.codec == found.codec && again.update.cases_per_group == found.update.cases_per_group &&
             again.update.metrics == found.update.metrics,
         "an offer that was written is read as another");
  accepted([&] { fl::require_valid(found.update, {}, found.update.round, found.update.base_digest); });
  collect(found.delta, "");
}

void receipt(const fl::pb::Receipt& message) {
  const fl::Receipt found = fl::from_message(message);
  expect(fl::from_message(fl::to_message(found)).kind == found.kind, "a receipt that was written is read as another");
}

void chunk(const fl::pb::Chunk& message) {
  fl::ChunkList list{message.data().size(), {message.sha256()}};
  accepted([&] {
    fl::validate(list, kLimitBytes, "bytes");
    collect(list, message.data());
  });
}

}  // namespace

void fuzz_wire(std::span<const std::uint8_t> bytes) {
  [[maybe_unused]] static const auto quiet = google::protobuf::SetLogHandler(nullptr);  // a line on stderr for every text that is not UTF-8
  if (bytes.empty()) return;
  const std::string encoded(bytes.begin() + 1, bytes.end());
  switch (bytes[0] % 4) {
    case 0:
      return parse<fl::pb::Announcement>(encoded, announcement);
    case 1:
      return parse<fl::pb::UpdateOffer>(encoded, offer);
    case 2:
      return parse<fl::pb::Receipt>(encoded, receipt);
    default:
      return parse<fl::pb::Chunk>(encoded, chunk);
  }
}

}  // namespace consilium::fuzz
