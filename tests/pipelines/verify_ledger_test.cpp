#include "pipelines/verify_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "fl/ledger/ledger_book.h"
#include "fl/ledger/lines_file.h"
#include "fl/ledger/canonical.h"
#include "tests/fl/ledger/signed_run.h"
#include "tests/support/refusal.h"

namespace consilium::pipelines {
namespace {

using consilium::test::refusal;
using fl::test::SignedRuns;
using testing::HasSubstr;

TEST(VerifyLedger, TakesARunsFolderASitesAndAFile) {
  const SignedRuns runs;
  const fl::Ledger ledger = runs.finished("run");
  const fs::path run = runs.folder.path() / "run", file = runs.folder.path() / "ledger.jsonl", site = runs.folder.path() / "site";
  const fl::LedgerVerdict of_run = verify_ledger({.ledger = run, .heads = {}, .keys = runs.keys(), .copy = file});
  EXPECT_TRUE(of_run.holds()) << of_run.first_fault();
  EXPECT_EQ(of_run.reports, 4U);
  const fl::LedgerVerdict of_file = verify_ledger({.ledger = file, .heads = {}, .keys = runs.keys() / "ca.crt", .copy = {}});
  EXPECT_TRUE(of_file.holds());
  EXPECT_EQ(of_file.root, of_run.root);
  fs::create_directories(site / "ledger");
  fs::copy_file(file, site / "ledger.jsonl");
  for (const fl::SignedHead& head : ledger.heads) fl::append_line(site / "ledger" / "heads.jsonl", fl::canonical_text(to_json(head)));
  const fl::LedgerVerdict of_site = verify_ledger({.ledger = site, .heads = {}, .keys = runs.keys(), .copy = {}});
  EXPECT_TRUE(of_site.holds());
  EXPECT_EQ(of_site.kept_heads, 5U);
  EXPECT_THAT(verdict_text(of_site), HasSubstr("the ledger holds"));
}

TEST(VerifyLedger, AnotherRunsHeadsDoNotFit) {
  const SignedRuns runs;
  runs.finished("run");
  const fl::Ledger other = runs.finished("other", 2);
  const fs::path heads = runs.folder.path() / "heads.jsonl";
  fl::append_line(heads, fl::canonical_text(to_json(other.heads.back())));
  const fl::LedgerVerdict verdict = verify_ledger({.ledger = runs.folder.path() / "run", .heads = {heads}, .keys = {}, .copy = {}});
  EXPECT_TRUE(verdict.damage.empty());
  ASSERT_EQ(verdict.mismatches.size(), 1U);
  EXPECT_THAT(verdict_text(verdict), HasSubstr("does NOT hold"));
  EXPECT_THAT(verdict_text(verdict), HasSubstr("no authority was given"));
}

TEST(VerifyLedger, WhatIsNotThereIsSaid) {
  const TemporaryFolder folder;
  EXPECT_THAT(refusal(ErrorCode::kNotFound, [&] { verify_ledger({.ledger = folder.path() / "none", .heads = {}, .keys = {}, .copy = {}}); }), HasSubstr("no such file or folder"));
  EXPECT_THAT(refusal(ErrorCode::kNotFound, [&] { verify_ledger({.ledger = folder.path(), .heads = {}, .keys = {}, .copy = {}}); }), HasSubstr("without coordinator keep no ledger"));
  fs::create_directories(folder.path() / "federation" / "fold_0" / "coordinator");
  fs::create_directories(folder.path() / "federation" / "fold_1");
  write_file(folder.path() / "federation" / "fold_0" / "coordinator" / "run.sqlite", "");
  write_file(folder.path() / "federation" / "fold_1" / "run.sqlite", "");
  EXPECT_EQ(ledger_folders(folder.path()).size(), 2U);
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { verify_ledger({.ledger = folder.path(), .heads = {}, .keys = {}, .copy = {}}); }), HasSubstr("fold_1"));
}

}  // namespace
}  // namespace consilium::pipelines
