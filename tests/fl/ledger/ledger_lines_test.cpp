#include "fl/ledger/ledger_lines.h"

#include "tests/fl/ledger/signed_run.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

TEST(LedgerLines, AreTheFileThatTheWholeLedgerMakes) {
  const test::SignedRuns runs;
  const Ledger ledger = runs.finished("run");
  const Sqlite database(runs.folder.path() / "run" / "run.sqlite", SqliteMode::kWrite);
  add_cosignature(database, "east", co_sign(ledger.heads.back(), runs.pems("east")));
  std::string text;
  std::size_t lines = 0;
  each_ledger_line(database, [&](std::string_view line) {
    text += line;
    ++lines;
  });
  const Ledger whole = read_ledger(database);
  EXPECT_EQ(whole.cosignatures.size(), 1U);
  EXPECT_EQ(text, to_text(whole));
  EXPECT_EQ(lines, 1 + whole.entries.size() + whole.heads.size() + 1 + 1) << "one at a time";
  EXPECT_EQ(parse_ledger(text, "lines"), whole);
}

TEST(LedgerLines, ARunWithoutALedgerHasNone) {
  const TemporaryFolder folder;
  const Sqlite database(folder.path() / "empty.sqlite", SqliteMode::kWrite);
  EXPECT_NE(consilium::test::refusal(ErrorCode::kNotFound, [&] { each_ledger_line(database, [](std::string_view) {}); }).find("holds no ledger"), std::string::npos);
}

}  // namespace
}  // namespace consilium::fl
