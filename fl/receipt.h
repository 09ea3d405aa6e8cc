#pragma once

#include <string>

namespace consilium::fl {

enum class ReceiptKind {
  kAccepted,
  kDuplicate,  ///< there is one already; nothing changed
  kStale,      ///< of a round that is closed, and not merged; or of a step of a protocol that is over
  kRejected,
};
struct Receipt {
  ReceiptKind kind = ReceiptKind::kAccepted;
  std::string reason;
};

}  // namespace consilium::fl
