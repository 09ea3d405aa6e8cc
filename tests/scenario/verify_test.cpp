#include "tests/scenario/tiny_federation.h"

// What a federation and a simulation leave behind, checked by the program that a person would use, years later.
namespace consilium {
namespace {

using testing::HasSubstr;

class VerifyAfterwards : public test::TinyFederation {
 protected:
  test::Outcome verify(std::vector<std::string> words) const {
    words.insert(words.begin(), "verify");
    return run(words);
  }
};

TEST_F(VerifyAfterwards, AFederationsLedgerHoldsAtAllItsMembersAndAChangedOneAtNone) {
  make({"east", "west"}, training(2, 3));
  auto hub = coordinator();
  auto east = site("east"), west = site("west");
  ASSERT_EQ(hub->wait(), 0) << hub->err();
  ASSERT_EQ(east->wait(), 0) << east->err();
  ASSERT_EQ(west->wait(), 0) << west->err();

  const auto of_run = verify({path("hub"), "--keys", path("keys"), "--head", path("state/east"), "--head", path("state/west"), "--witnesses", "2", "-o", path("copy.jsonl")});
  EXPECT_EQ(of_run.code, 0) << of_run.out << of_run.err;
  EXPECT_THAT(of_run.out, HasSubstr("witnessed by 2 sites or more: 4 of 4 entries"));
  EXPECT_THAT(of_run.out, HasSubstr("co-signed by east, west"));
  EXPECT_THAT(of_run.out, testing::Not(HasSubstr("not checked")));
  const auto of_site = verify({path("state/east"), "--keys", path("keys")});
  EXPECT_EQ(of_site.code, 0) << of_site.out << of_site.err;
  EXPECT_EQ(verify({path("hub"), "--keys", path("keys"), "--witnesses", "3"}).code, 6) << "there are two sites";

  // One letter of one entry, years later.
  std::string text = read_file(path("copy.jsonl"));
  const auto at = text.find("\"outcome\":\"accepted\"");
  ASSERT_NE(at, std::string::npos);
  write_file(path("copy.jsonl"), text.replace(at + 11, 8, "rejected"));
  const auto changed = verify({path("copy.jsonl"), "--keys", path("keys"), "--head", path("state/west")});
  EXPECT_EQ(changed.code, 4);
  EXPECT_THAT(changed.out, HasSubstr("damaged: "));
  EXPECT_THAT(changed.out, HasSubstr("the ledger does NOT hold"));

  // A model that was exchanged behind the ledger's back.
  std::vector<fs::path> models;
  for (const auto& entry : fs::directory_iterator(path("hub/models")))
    if (entry.path().extension() == ".safetensors") models.push_back(entry.path());
  ASSERT_GE(models.size(), 1U);
  std::sort(models.begin(), models.end());
  fs::copy_file(path("start/initial.safetensors"), models.back(), fs::copy_options::overwrite_existing);
  const auto exchanged = verify({path("hub"), "--keys", path("keys")});
  EXPECT_EQ(exchanged.code, 6) << exchanged.out << exchanged.err;
  EXPECT_THAT(exchanged.out, HasSubstr("does not fit: "));
}

TEST_F(VerifyAfterwards, ASimulationIsReplayedFromItsLedgerAndOtherDataAreFound) {
  for (const char* name : {"east", "west"}) test::write_tiny_site(path(std::string("data/") + name), name, 3, 1, name[0]);
  write_json("simulation.json", {{"data", "data"}, {"sites", {{{"name", "east"}}, {{"name", "west"}}}}, {"training", training(2, 3)}});
  ok({"simulate", path("simulation.json"), "-o", path("run")});
  const auto sound = verify({path("run")});
  EXPECT_EQ(sound.code, 0) << sound.out << sound.err;
  EXPECT_THAT(sound.out, HasSubstr("nobody has signed this ledger"));

  const auto replayed = verify({"--replay", path("run"), "--data", path("data"), "--json"});
  EXPECT_EQ(replayed.code, 0) << replayed.out << replayed.err;
  const Json json = parse_json(replayed.out, "replay");
  EXPECT_TRUE(json["equal"].get<bool>());
  EXPECT_EQ(json["rounds"].size(), 4U) << "the start, two rounds, the last look";

  for (const char* name : {"east", "west"}) test::write_tiny_site(path(std::string("other/") + name), name, 3, 1, 7 + name[0]);
  const auto other = verify({"--replay", path("run"), "--data", path("other")});
  EXPECT_EQ(other.code, 6) << other.out << other.err;
  EXPECT_THAT(other.out, HasSubstr("the replay does NOT give the recorded models"));

  // Settings that were changed afterwards are not those that the ledger holds.
  std::string settings = read_file(path("run/settings.json"));
  const auto seed = settings.find("\"seed\"");
  ASSERT_NE(seed, std::string::npos);
  const auto digit = settings.find_first_of("0123456789", seed);
  settings.insert(digit, "9");
  write_file(path("run/settings.json"), settings);
  EXPECT_EQ(verify({"--replay", path("run"), "--data", path("data")}).code, 6);
}

}  // namespace
}  // namespace consilium
