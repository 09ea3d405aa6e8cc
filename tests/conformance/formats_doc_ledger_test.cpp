#include <gtest/gtest.h>

#include "fl/ledger/canonical.h"
#include "fl/ledger/entry.h"
#include "tests/conformance/formats_doc.h"

namespace consilium {
namespace {

TEST(FormatsDoc, EntriesOfTheLedgerAreTheProgramsKeys) {
  for (const char* name : {"ledger_run", "ledger_round"}) {
    const Json block = test::documented(name);
    const fl::LedgerEntry entry = fl::parse_entry(fl::canonical_text(block), name);
    EXPECT_EQ(std::visit([](const auto& e) { return fl::to_text(e); }, entry), fl::canonical_text(block));
  }
}

}  // namespace
}  // namespace consilium
