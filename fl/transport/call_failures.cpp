#include "fl/transport/call_failures.h"

#include "base/error.h"

namespace consilium::fl {

void fail(const grpc::Status& status, const std::string& what) {
  if (status.error_code() == grpc::StatusCode::PERMISSION_DENIED) throw Refused{status.error_message()};
  if (status.error_code() == grpc::StatusCode::INVALID_ARGUMENT) throw Error(ErrorCode::kCorruptData, "the coordinator refuses: " + status.error_message());
  throw Broken{what + ": " + status.error_message()};
}

}  // namespace consilium::fl
