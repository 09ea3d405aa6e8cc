#pragma once

#include "consilium/fl/v1/ledger.pb.h"
#include "fl/ledger/ledger_book.h"

namespace consilium::fl {

v1::LedgerQuestion to_message(const LedgerQuestion& question);
v1::LedgerProof to_message(const LedgerProof& proof);

/// Checked before use: lengths, counts and ranges. @throws Error{kCorruptData} naming the field.
LedgerQuestion from_message(const v1::LedgerQuestion& message);
LedgerProof from_message(const v1::LedgerProof& message);

}  // namespace consilium::fl
