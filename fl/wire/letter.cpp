#include "fl/wire/letter.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "base/error.h"
#include "base/text.h"
#include "fl/peers/outcome.h"
#include "fl/wire/messages.h"
#include "models/state/safetensors.h"

namespace consilium::fl {
namespace {

constexpr const char* kOrigin = "letter";
constexpr std::int64_t kMostNumber = 1LL << 40;  // of a round, turn, view or part
constexpr int kMostBlamed = 1000, kMostSections = 16;
constexpr std::size_t kMostNameBytes = 64, kMostReasonBytes = 4096;
constexpr std::uint64_t kMostReportBytes = 64 << 20;

void require_sound(bool good, const std::string& what) { require(good, ErrorCode::kCorruptData, std::string(kOrigin) + ": " + what); }

PeerMessageKind kind_of(pb::Letter::Kind kind) {
  require_sound(kind >= pb::Letter::KIND_ALIVE && kind <= pb::Letter::KIND_TOKEN, "of an unknown kind");
  return static_cast<PeerMessageKind>(kind - pb::Letter::KIND_ALIVE);
}
pb::Letter::Kind kind_of(PeerMessageKind kind) { return static_cast<pb::Letter::Kind>(static_cast<int>(kind) + pb::Letter::KIND_ALIVE); }
static_assert(static_cast<int>(PeerMessageKind::kToken) + pb::Letter::KIND_ALIVE == pb::Letter::KIND_TOKEN, "the schema names the kinds in the order of the enumeration");

void add_section(LetterBody& body, pb::Section::Kind kind, const std::string& bytes) {
  pb::Section& section = body.sections.emplace_back();
  section.set_kind(kind);
  section.set_size_bytes(bytes.size());
  body.bytes += bytes;
}

std::string in_one_order(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);  // maps have no order of their own
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

void read_section(const pb::Section& section, const std::string& bytes, PeerMessage& message) {
  if (section.kind() == pb::Section::KIND_REPORTS) {
    const Json reports = parse_json(bytes, kOrigin, ErrorCode::kCorruptData);
    require_sound(reports.is_array() && message.reports.empty(), "reports that are no list");
    for (const Json& report : reports) message.reports.push_back(parse_report(report, kOrigin));
    return;
  }
  SharedModel model;
  if (!bytes.empty()) model = std::make_shared<const ModelState>(parse_safetensors(bytes, kOrigin).state);
  if (section.kind() == pb::Section::KIND_DELTA) message.delta = std::move(model);
  else message.weights.push_back(std::move(model));
}

std::vector<pb::Section> sections_of(const pb::Letter& letter) {
  require_sound(letter.sections_size() <= kMostSections, "of " + std::to_string(letter.sections_size()) + " sections");
  std::uint64_t left = letter.content().size_bytes();
  for (const pb::Section& section : letter.sections()) {
    require_sound(section.kind() >= pb::Section::KIND_REPORTS && section.kind() <= pb::Section::KIND_WEIGHTS, "a section of an unknown kind");
    require_sound(section.size_bytes() <= left && (section.kind() != pb::Section::KIND_REPORTS || section.size_bytes() <= kMostReportBytes), "a section longer than its content");
    left -= section.size_bytes();
  }
  require_sound(left == 0, "content that belongs to no section");
  return {letter.sections().begin(), letter.sections().end()};
}

}  // namespace

LetterBody encode_body(const PeerMessage& message) {
  LetterBody body;
  if (!message.reports.empty()) {
    Json reports = Json::array();
    for (const RoundReport& report : message.reports) reports.push_back(to_json(report));
    add_section(body, pb::Section::KIND_REPORTS, reports.dump());
  }
  if (message.delta) add_section(body, pb::Section::KIND_DELTA, encode_safetensors(*message.delta));
  for (const SharedModel& model : message.weights) add_section(body, pb::Section::KIND_WEIGHTS, model ? encode_safetensors(*model) : "");
  body.list = chunk_list(body.bytes);
  return body;
}

pb::Letter to_message(const PeerMessage& message, const LetterBody& body) {
  pb::Letter letter;
  letter.set_kind(kind_of(message.kind));
  letter.set_round(message.round);
  letter.set_view(message.view);
  letter.set_part(message.part);
  if (message.kind == PeerMessageKind::kAck) letter.set_acked(kind_of(message.acked));
  letter.set_digest(message.digest);
  letter.set_accepted_view(message.accepted_view);
  for (const auto& [site, why] : message.blamed) (*letter.mutable_blamed())[site] = printable(why, kMostReasonBytes);
  if (message.update) *letter.mutable_update() = to_message(*message.update, ChunkList{});
  to_manifest(body.list, *letter.mutable_content());
  for (const pb::Section& section : body.sections) *letter.add_sections() = section;
  return letter;
}

LetterHead from_message(const pb::Letter& letter, std::uint64_t limit_bytes) {
  LetterHead head;
  PeerMessage& m = head.message;
  m.kind = kind_of(letter.kind());
  for (const std::int64_t number : {letter.round(), letter.view(), letter.part()}) require_sound(number >= 0 && number <= kMostNumber, "round, view or part " + std::to_string(number));
  m.round = letter.round();
  m.view = letter.view();
  m.part = letter.part();
  if (m.kind == PeerMessageKind::kAck) m.acked = kind_of(letter.acked());
  m.digest = letter.digest();
  require_sound(m.digest.empty() || (m.digest.size() == 64 && m.digest.find_first_not_of("0123456789abcdef") == std::string::npos), "a digest that is not 64 hexadecimal digits");
  m.accepted_view = letter.accepted_view();
  require_sound(m.accepted_view >= -1 && m.accepted_view <= kMostNumber, "accepted view " + std::to_string(m.accepted_view));
  require_sound(letter.blamed_size() <= kMostBlamed, "too many sites are blamed");
  for (const auto& [site, why] : letter.blamed()) {
    require_sound(!site.empty() && site.size() <= kMostNameBytes && why.size() <= kMostReasonBytes, "a name or reason that is too long");
    m.blamed[site] = why;
  }
  if (letter.has_update()) m.update = from_message(letter.update(), 0).update;
  head.content = from_manifest(letter.content(), limit_bytes, kOrigin);
  head.sections = sections_of(letter);
  return head;
}

PeerMessage read_letter(const LetterHead& head, const OpenFile& body) {
  PeerMessage message = head.message;
  std::uint64_t offset = 0;
  for (const pb::Section& section : head.sections) {
    const std::string bytes = body.read(offset, section.size_bytes());
    require_sound(bytes.size() == section.size_bytes(), "its content ends too early");
    read_section(section, bytes, message);
    offset += section.size_bytes();
  }
  return message;
}

std::string letter_name(const std::string& from, const std::string& to, const pb::Letter& head) { return sha256(from + "\n" + to + "\n" + in_one_order(head)).substr(0, 16); }

std::string slot_of(const PeerMessage& message) {
  const std::string kind(to_string(message.kind));
  // Of these only the newest counts, whatever round it is of.
  if (message.kind == PeerMessageKind::kAlive || message.kind == PeerMessageKind::kAsk || message.kind == PeerMessageKind::kState) return kind;
  std::string slot = kind;
  for (const std::int64_t number : {message.round, message.view, message.part}) slot += "." + std::to_string(number);
  return message.kind == PeerMessageKind::kAck ? slot + "." + std::string(to_string(message.acked)) : slot;
}

}  // namespace consilium::fl
