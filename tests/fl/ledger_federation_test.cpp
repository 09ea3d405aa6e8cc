#include <gmock/gmock.h>

#include "base/error.h"
#include "fl/ledger/lines_file.h"
#include "fl/ledger/verify.h"
#include "fl/ledger/ledger_book.h"
#include "tests/fl/federation_fixture.h"

// The ledger over mutual TLS.
namespace consilium::fl {
namespace {

using test::Federation;
using test::toy_settings;
using test::ToyTrainer;

class LedgerFederation : public Federation {
 protected:
  std::string authority() const { return read_file(keys() / "ca.crt"); }
  Ledger ledger_of(const std::string& site) const { return read_ledger_file(folder.path() / site / "ledger.jsonl"); }
  void expect_holds(const Ledger& ledger, const std::vector<std::string>& sites) const {
    LedgerChecks checks{.authority = authority()};
    for (const std::string& site : sites) checks.kept.emplace_back(site, read_heads(folder.path() / site / "ledger" / "heads.jsonl"));
    const LedgerVerdict verdict = verify(ledger, checks);
    EXPECT_TRUE(verdict.holds()) << verdict.first_fault();
    EXPECT_GT(verdict.kept_heads, 0U);
  }
};

TEST_F(LedgerFederation, EverySiteEndsWithALedgerThatHolds) {
  auto hub = coordinator(toy_settings());
  ToyTrainer a(0.1F, 3), b(0.3F, 5), c(-0.2F, 1);
  auto east = join("east", a), north = join("north", b), west = join("west", c);
  east.get(), north.get(), west.get();
  const RunState state = hub.get();
  const Ledger whole = read_ledger(Sqlite(folder.path() / "hub" / "run.sqlite", SqliteMode::kRead));
  EXPECT_EQ(whole.entries.size(), 5U);
  EXPECT_EQ(whole.heads.size(), 5U);
  EXPECT_EQ(read_ledger_file(folder.path() / "hub" / "ledger.jsonl"), whole);
  for (const char* site : {"east", "north", "west"}) {
    const Ledger own = ledger_of(site);
    EXPECT_EQ(own.entries, whole.entries) << site;
    EXPECT_GE(own.cosignatures.size(), 5U) << site;  // its own at the least
    expect_holds(own, {"east", "north", "west"});
    // Its updates are among those that counted.
    const std::vector<std::string> sent = read_lines(folder.path() / site / "ledger" / "updates.jsonl");
    ASSERT_EQ(sent.size(), 4U) << site;
    for (std::size_t round = 0; round < sent.size(); ++round) {
      const RoundReport& report = state.reports[round];
      const auto outcome = std::find_if(report.sites.begin(), report.sites.end(), [&](const SiteOutcome& o) { return o.site == site; });
      EXPECT_THAT(sent[round], testing::HasSubstr(outcome->commitment)) << site;
      EXPECT_FALSE(outcome->commitment.empty());
    }
  }
  LedgerVerdict verdict = verify(whole, {.authority = authority()});
  EXPECT_EQ(verdict.witnesses, (std::vector<std::string>{"east", "north", "west"}));
  compare_with_run(whole, folder.path() / "hub", verdict);
  EXPECT_TRUE(verdict.holds()) << verdict.first_fault();
  EXPECT_EQ(verdict.reports, 4U);
}

TEST_F(LedgerFederation, ACoordinatorThatWentBackIsLeftByItsSites) {
  const fs::path hub_folder = folder.path() / "hub", old = folder.path() / "old";
  std::atomic<bool> stop = false;
  ToyTrainer a(0.1F, 3), b(0.3F, 5);
  FederationSettings settings = toy_settings(200);
  std::atomic<int> rounds = 0;
  auto hub = coordinator(settings, "localhost:0", &stop, [&](const RoundReport& report) {
    if (report.round == 1) fs::copy(hub_folder, old, fs::copy_options::recursive);
    ++rounds;
    if (report.round >= 4) stop = true;
  });
  const std::string first_address = address();
  std::atomic<bool> stop_sites = false;
  const auto run = [&](const std::string& name, ToyTrainer& trainer) {
    SiteOptions options = site(name, 60);
    options.coordinator = first_address;
    return std::async(std::launch::async, [=, &trainer, &stop_sites] { return run_site(options, trainer, {}, &stop_sites); });
  };
  ToyTrainer c(-0.2F, 1);
  auto east = run("east", a), north = run("north", b), west = run("west", c);
  hub.get();
  stop_sites = true;
  for (auto* site : {&east, &north, &west}) EXPECT_THROW(site->get(), Error);
  // The operator puts a backup in its place that is three rounds old.
  fs::remove_all(hub_folder);
  fs::rename(old, hub_folder);
  fs::remove(hub_folder / "address");
  stop = false;
  auto again = coordinator(settings, "localhost:0", &stop);
  try {
    run_site(site("east"), a);
    ADD_FAILURE() << "the site went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kRefused);
    EXPECT_THAT(error.what(), testing::HasSubstr("it went back"));
  }
  EXPECT_TRUE(fs::exists(folder.path() / "east" / "ledger" / "alarm.json"));
  EXPECT_THROW(run_site(site("east"), a), Error);  // until somebody has looked at it
  stop = true;
  again.get();
}

}  // namespace
}  // namespace consilium::fl
