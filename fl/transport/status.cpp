#include "fl/transport/status.h"

namespace consilium::fl {

grpc::Status to_status(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kRefused: return {grpc::StatusCode::PERMISSION_DENIED, error.what()};
    case ErrorCode::kNotFound: return {grpc::StatusCode::NOT_FOUND, error.what()};
    case ErrorCode::kUsage:
    case ErrorCode::kCorruptData: return {grpc::StatusCode::INVALID_ARGUMENT, error.what()};
    case ErrorCode::kMismatch: return {grpc::StatusCode::FAILED_PRECONDITION, error.what()};
    default: return {grpc::StatusCode::INTERNAL, error.what()};
  }
}

}  // namespace consilium::fl
