#include "tests/fl/secure/secure_table.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/guard.h"

namespace consilium::fuzz {
namespace {

using fl::test::SecureTable;

constexpr std::size_t kSites = 4;
/// First byte of an input: what becomes of the rest. Below: a step, of a site's answer or of the coordinator's stage.
enum Use : std::uint8_t { kToCoordinator = 0, kToSite = fl::kSecureSteps, kParse = 2 * fl::kSecureSteps };

/// The message that a live protocol has come to, changed: signatures and keys of an input that lies in a file would belong to nobody. Of three bytes two are a place, the third what it is
/// changed by; 0: the message ends there.
std::string edited(std::string message, std::string_view edits) {
  for (std::size_t at = 0; at + 3 <= edits.size(); at += 3) {
    const auto byte = [&](std::size_t n) { return static_cast<std::size_t>(static_cast<unsigned char>(edits[at + n])); };
    if (message.empty()) return std::string(edits.substr(at));
    const std::size_t place = (byte(0) + 256 * byte(1)) % message.size();
    if (byte(2) == 0) message.resize(place);
    else message[place] = static_cast<char>(static_cast<unsigned char>(message[place]) ^ byte(2));
  }
  return message;
}

/// An answer that is not what the site said costs the site its place, and changes no sum.
void disturb_coordinator(std::uint32_t step, std::string_view edits) {
  SecureTable table(kSites);
  table.open_round();
  for (std::uint32_t n = 0; n < step; ++n) table.step();
  const std::string liar = table.names()[1];
  fl::StageAnswer answer = *table.answer_of(liar);
  answer.body = edited(answer.body, edits);
  table.deliver(liar, answer);
  for (std::uint32_t n = step; n < fl::kSecureSteps; ++n) table.step({liar});
  if (const auto sum = table.round->take_sum()) expect(table.is_sum_of(*sum, sum->contributors), "a disturbed round gave another sum");
}

/// A stage that the coordinator made up is answered or declined, and answered once.
void disturb_site(std::uint32_t step, std::string_view edits) {
  SecureTable table(kSites);
  table.open_round();
  for (std::uint32_t n = 0; n < step; ++n) table.step();
  const std::string victim = table.names()[1];
  const fl::RoundStage sound = *table.round->stage_for(victim);
  fl::RoundStage stage = sound;
  stage.body = edited(stage.body, edits);
  const auto first = table.site(victim).answer(stage, table.plan, table.global, table.updates.at(victim));
  expect(first.has_value(), "a stage got no answer");
  if (stage.body == sound.body) return;
  const auto second = table.site(victim).answer(sound, table.plan, table.global, table.updates.at(victim));
  expect(!second || !second->declined.empty() || (step == 0 && second->body == first->body), "a site has answered two versions of one step");
}

/// What is read is written, and read as the same. (A number with zeros in front is taken, and written without.)
template <typename Parse>
void expect_round_trip(std::string_view text, Parse parse) {
  std::string once, twice;
  if (!accepted([&] { once = fl::encode(parse(text)); })) return;
  expect(accepted([&] { twice = fl::encode(parse(once)); }) && once == twice && once.size() <= text.size(), "a message of secure aggregation that was written is read as another");
}

/// A live protocol takes ten milliseconds: one input in four gets one.
bool is_chosen(std::span<const std::uint8_t> bytes) {
  std::uint32_t sum = 0;
  for (const std::uint8_t byte : bytes) sum = sum * 31 + byte;
  return sum % 4 == 0;
}

}  // namespace

void fuzz_secure(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + 1, bytes.size() - 1);
  if (bytes[0] < kParse) {
    if (!is_chosen(bytes)) return;
    if (bytes[0] < kToSite) return disturb_coordinator(bytes[0], text);
    return disturb_site(bytes[0] - static_cast<std::uint32_t>(kToSite), text);
  }
  expect_round_trip(text, fl::parse_advertisement);
  expect_round_trip(text, fl::parse_advertisements);
  expect_round_trip(text, [](std::string_view t) { return fl::parse_numbered(t, kSites, fl::kMostSealedShareBytes); });
  expect_round_trip(text, [](std::string_view t) { return fl::parse_mask_stage(t, kSites); });
  expect_round_trip(text, [](std::string_view t) { return fl::parse_site_set(t, kSites); });
  expect_round_trip(text, [](std::string_view t) { return fl::parse_shares(t, kSites); });
}

std::vector<std::string> secure_examples() {
  std::vector<std::string> examples;
  const auto add = [&](std::uint8_t use, const std::string& rest) { examples.push_back(static_cast<char>(use) + rest); };
  SecureTable table(kSites);
  table.open_round();
  for (std::uint8_t step = 0; step < fl::kSecureSteps; ++step) {
    const std::string name = table.names()[0];
    add(kParse, table.round->stage_for(name)->body);
    add(kParse, table.answer_of(name)->body);
    add(static_cast<std::uint8_t>(kToCoordinator + step), std::string("\x05\0\x01", 3));
    add(static_cast<std::uint8_t>(kToSite + step), std::string("\x07\0\x80\x01\0\0", 6));
    table.step();
  }
  return examples;
}

}  // namespace consilium::fuzz
