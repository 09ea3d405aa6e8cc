#pragma once

#include <functional>
#include <string_view>

#include "fl/sqlite.h"

namespace consilium::fl {

/// The ledger of a run.sqlite as the lines of its file (to_text of ledger.h), one by one, each with its end of line: a ledger of years is never in memory as a whole.
/// @throws Error{kNotFound} there is no ledger; what `take` throws.
void each_ledger_line(const Sqlite& database, const std::function<void(std::string_view)>& take);

}  // namespace consilium::fl
