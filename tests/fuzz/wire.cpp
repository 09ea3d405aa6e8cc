#include "fl/wire/messages.h"

#include <google/protobuf/stubs/logging.h>

#include <functional>
#include <map>

#include "base/files.h"
#include "fl/transport/peer_desk.h"
#include "fl/wire/chunk_file.h"
#include "fl/wire/letter.h"
#include "fl/wire/progress_messages.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/guard.h"
#include "tests/fuzz/wire_messages.h"

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

void letter(const fl::pb::Letter& message) {
  const fl::LetterHead head = fl::from_message(message, kLimitBytes);
  fl::LetterBody body{"", head.content, head.sections};
  const fl::LetterHead again = fl::from_message(fl::to_message(head.message, body), kLimitBytes);
  expect(again.content == head.content && again.message.kind == head.message.kind && again.message.round == head.message.round && again.message.digest == head.message.digest, "a letter that was written is read as another");
  static const TemporaryFolder folder;
  if (head.content.size_bytes > 1 << 20) return;
  write_file(folder.path() / "body", std::string(head.content.size_bytes, '['), Durability::kKill);
  accepted([&] { fl::read_letter(head, OpenFile(folder.path() / "body", false)); });
}

void piece(const fl::pb::Piece& message) {
  static const TemporaryFolder folder;
  static fl::Introductions introductions({{{"rounds", "aaaa"}}, std::string(32, 'a')}, std::string(32, 'a'), {"north"});
  static fl::LetterBox box({.folder = folder.path(), .most_bytes = 1 << 20, .most_letters = 4});
  static fl::PeerDesk desk(std::string(32, 'a'), introductions, box);
  accepted([&] { desk.take("north", message); });
  if (const auto received = box.next(0)) box.remove(received->number);
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

void site_report(const fl::pb::SiteReport& message) {
  const fl::SiteReport found = fl::from_message(message);
  expect(fl::from_message(fl::to_message(found)) == found, "a site's report that was written is read as another");
}

void observation(const fl::pb::Observation& message) {
  const fl::Observed found = fl::from_message(message), again = fl::from_message(fl::to_message(found));
  expect(again.events == found.events && again.latest == found.latest, "events that were written are read as others");
}

/// Parses with the program's own class and uses what came as the program would.
template <typename Message, void (*use)(const Message&)>
void check(const std::string& encoded) {
  Message message;
  if (message.ParseFromString(encoded)) accepted([&] { use(message); });
}

/// Messages that turn into values: a function of fl/wire that does so has its line here. All others are covered as protobuf's messages alone.
const std::map<std::string, void (*)(const std::string&), std::less<>> kChecks{
    {"consilium.fl.v1.Announcement", check<fl::pb::Announcement, announcement>},
    {"consilium.fl.v1.UpdateOffer", check<fl::pb::UpdateOffer, offer>},
    {"consilium.fl.v1.Receipt", check<fl::pb::Receipt, receipt>},
    {"consilium.fl.v1.Letter", check<fl::pb::Letter, letter>},
    {"consilium.fl.v1.Piece", check<fl::pb::Piece, piece>},
    {"consilium.fl.v1.Chunk", check<fl::pb::Chunk, chunk>},
    {"consilium.fl.v1.SiteReport", check<fl::pb::SiteReport, site_report>},
    {"consilium.fl.v1.Observation", check<fl::pb::Observation, observation>},
};

/// The full name before the first line break; any other text stands for some message, so that a mutated name is no wasted input.
std::string_view message_name(std::string_view text) {
  const auto& messages = wire_messages();
  std::size_t sum = 0;
  for (const WireMessage& message : messages)
    if (message.name == text) return message.name;
  for (const char c : text) sum += static_cast<unsigned char>(c);
  return messages[sum % messages.size()].name;
}

}  // namespace

void fuzz_wire(std::span<const std::uint8_t> bytes) {
  [[maybe_unused]] static const auto quiet = google::protobuf::SetLogHandler(nullptr);  // a line on stderr for every text that is not UTF-8
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return;
  const std::string_view name = message_name(text.substr(0, end));
  const std::string encoded(text.substr(end + 1));
  read_any_message(name, encoded);
  if (const auto found = kChecks.find(name); found != kChecks.end()) found->second(encoded);
}

std::vector<std::string> wire_examples() {
  std::vector<std::string> examples;
  for (const WireMessage& message : wire_messages()) examples.push_back(message.name + "\n" + message.example);
  return examples;
}

}  // namespace consilium::fuzz
