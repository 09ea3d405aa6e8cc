#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/settings.h"
#include "fl/ledger/canonical.h"
#include "fl/ledger/ledger_book.h"
#include "fl/ledger/lines_file.h"
#include "models/state/safetensors.h"
#include "tests/fl/ledger/signed_run.h"
#include "tests/support/program.h"

// `consilium verify` as its users see it: exit codes and words, on ledgers that are sound, changed and too little witnessed.
namespace consilium {
namespace {

using fl::test::SignedRuns;
using test::Outcome;
using testing::HasSubstr;

class VerifyVerb : public testing::Test {
 protected:
  VerifyVerb() : ledger(runs.finished("run")) {
    // East and north have seen everything, west all but the last two entries.
    for (const fl::SignedHead& head : ledger.heads)
      for (const char* site : {"east", "north", "west"})
        if (std::string(site) != "west" || head.head.size + 2 <= ledger.entries.size()) ledger.cosignatures.push_back(fl::co_sign(head, runs.pems(site)));
    write_file(file(), to_text(ledger));
  }
  fs::path file() const { return runs.folder.path() / "ledger.jsonl"; }
  fs::path run_folder() const { return runs.folder.path() / "run"; }
  static Outcome verify(std::vector<std::string> words) {
    words.insert(words.begin(), {test::consilium_program(), "verify"});
    return test::run_program(words);
  }
  Outcome verify_file(std::vector<std::string> words = {}) const {
    words.insert(words.begin(), {file().string(), "--keys", runs.keys().string()});
    return verify(std::move(words));
  }
  /// Replaces a piece of the file by another of the same length.
  void change(const std::string& before, const std::string& after) const {
    std::string text = read_file(file());
    const auto at = text.find(before);
    ASSERT_NE(at, std::string::npos);
    ASSERT_EQ(before.size(), after.size());
    write_file(file(), text.replace(at, before.size(), after));
  }

  SignedRuns runs;
  fl::Ledger ledger;
};

TEST_F(VerifyVerb, ASoundLedgerHoldsWithCode0) {
  const Outcome of_file = verify_file();
  EXPECT_EQ(of_file.code, 0) << of_file.out << of_file.err;
  EXPECT_THAT(of_file.out, HasSubstr("the ledger holds"));
  EXPECT_THAT(of_file.out, HasSubstr("co-signed by east, north, west"));
  EXPECT_THAT(of_file.out, HasSubstr("not checked: no head that a site kept was given"));
  const Outcome of_run = verify({run_folder().string(), "--keys", runs.keys().string(), "--json"});
  EXPECT_EQ(of_run.code, 0) << of_run.err;
  const Json verdict = parse_json(of_run.out, "verify");
  EXPECT_TRUE(verdict.at("holds").get<bool>());
  EXPECT_EQ(verdict.at("reports"), 4);
  const Outcome without_keys = verify({file().string()});
  EXPECT_EQ(without_keys.code, 0);
  EXPECT_THAT(without_keys.out, HasSubstr("no authority was given (--keys)"));
}

TEST_F(VerifyVerb, AChangedEntryIsFoundWithCode4) {
  change("\"outcome\":\"accepted\"", "\"outcome\":\"rejected\"");
  const Outcome outcome = verify_file();
  EXPECT_EQ(outcome.code, 4);
  EXPECT_THAT(outcome.out, HasSubstr("damaged: "));
  EXPECT_THAT(outcome.out, HasSubstr("has another root than the first 2 entries"));
  EXPECT_THAT(outcome.out, HasSubstr("does NOT hold"));
}

TEST_F(VerifyVerb, AFileThatIsNoLedgerIsCode4AndOneThatIsNotThereCode3) {
  write_file(file(), read_file(file()).substr(0, 900));
  const Outcome cut = verify_file();
  EXPECT_EQ(cut.code, 4);
  EXPECT_THAT(cut.err, HasSubstr("ledger.jsonl"));
  EXPECT_EQ(verify({(runs.folder.path() / "none").string()}).code, 3);
  EXPECT_EQ(verify({file().string(), "--no-such-option"}).code, 2);
}

TEST_F(VerifyVerb, ALedgerThatDoesNotFitWhatASiteKeptIsCode6) {
  const fl::Ledger other = runs.finished("other", 2);
  const fs::path heads = runs.folder.path() / "heads.jsonl";
  fl::append_line(heads, fl::canonical_text(to_json(other.heads.back())));
  const Outcome outcome = verify_file({"--head", heads.string()});
  EXPECT_EQ(outcome.code, 6);
  EXPECT_THAT(outcome.out, HasSubstr("does not fit: "));
}

TEST_F(VerifyVerb, AModelThatWasExchangedInTheRunsFolderIsCode6) {
  std::vector<fs::path> models;
  for (const auto& entry : fs::directory_iterator(run_folder() / "models"))
    if (entry.path().extension() == ".safetensors") models.push_back(entry.path());
  ASSERT_FALSE(models.empty());
  std::sort(models.begin(), models.end());
  write_safetensors(models.back(), fl::test::toy_model(99));
  const Outcome outcome = verify({run_folder().string(), "--keys", runs.keys().string()});
  EXPECT_EQ(outcome.code, 6) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("does not fit: "));
}

TEST_F(VerifyVerb, AsManyWitnessesAsAreAskedForHaveToHaveSignedTheNewestHead) {
  const Outcome two = verify_file({"--witnesses", "2"});
  EXPECT_EQ(two.code, 0) << two.out;
  EXPECT_THAT(two.out, HasSubstr("witnessed by 2 sites or more: 5 of 5 entries"));
  const Outcome three = verify_file({"--witnesses", "3"});
  EXPECT_EQ(three.code, 6);
  EXPECT_THAT(three.out, HasSubstr("3 sites have co-signed heads of up to 3 entries, and there are 5"));
  const Outcome four = verify_file({"--witnesses", "4", "--json"});
  EXPECT_EQ(four.code, 6);
  EXPECT_EQ(parse_json(four.out, "verify").at("witnessed_entries"), 0);
}

/// One site that signs twice is one witness, and whoever could make certificates would be as many as he likes.
TEST_F(VerifyVerb, WitnessesAreSitesOfTheAuthority) {
  ledger.cosignatures.clear();
  for (const fl::SignedHead& head : ledger.heads) ledger.cosignatures.push_back(fl::co_sign(head, runs.pems("east")));
  write_file(file(), to_text(ledger));
  EXPECT_EQ(verify_file({"--witnesses", "1"}).code, 0);
  EXPECT_EQ(verify_file({"--witnesses", "2"}).code, 6);
  const Outcome without_keys = verify({file().string(), "--witnesses", "1"});
  EXPECT_EQ(without_keys.code, 2);
  EXPECT_THAT(without_keys.err, HasSubstr("--keys"));
  const SignedRuns strangers;
  ledger.cosignatures.push_back(fl::co_sign(ledger.heads.back(), strangers.pems("north")));
  write_file(file(), to_text(ledger));
  EXPECT_EQ(verify_file({"--witnesses", "2"}).code, 4) << "a co-signature of another authority's site is damage, and no witness";
}

}  // namespace
}  // namespace consilium
