#include "fl/ledger/ledger_lines.h"

#include <string>

#include "base/error.h"
#include "fl/ledger/canonical.h"
#include "fl/ledger/ledger.h"

namespace consilium::fl {

void each_ledger_line(const Sqlite& database, const std::function<void(std::string_view)>& take) {
  database.snapshot([&] {
    require(database.has_table("ledger_entries"), ErrorCode::kNotFound, kNoLedger);
    // What the tables hold is canonical already, and so is an object of one key around it.
    const auto lines = [&](const char* kind, const char* rows) {
      SqliteStatement statement(database, rows);
      std::size_t count = 0;
      for (; statement.step(); ++count) take("{\"" + std::string(kind) + "\":" + statement.text(0) + "}\n");
      return count;
    };
    lines("key", "SELECT key FROM ledger_key");
    LedgerCounts counts;
    counts.entries = lines("entry", "SELECT entry FROM ledger_entries ORDER BY number");
    require(counts.entries > 0, ErrorCode::kNotFound, kNoLedger);
    counts.heads = lines("head", "SELECT head FROM ledger_heads ORDER BY size");
    counts.cosignatures = lines("cosignature", "SELECT cosignature FROM ledger_cosignatures ORDER BY size, site");
    take(last_line(counts));
  });
}

}  // namespace consilium::fl
