#include "base/error.h"

namespace consilium {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUnexpected: return "unexpected";
    case ErrorCode::kUsage: return "usage";
    case ErrorCode::kNotFound: return "not found";
    case ErrorCode::kCorruptData: return "damaged input";
    case ErrorCode::kUnsupported: return "unsupported";
    case ErrorCode::kMismatch: return "mismatch";
    case ErrorCode::kCannotWrite: return "cannot write";
    case ErrorCode::kPartial: return "some of several failed";
    case ErrorCode::kRefused: return "refused by policy";
    case ErrorCode::kUnreachable: return "peer unreachable";
    case ErrorCode::kInterrupted: return "interrupted";
  }
  return "unexpected";
}

}  // namespace consilium
