#pragma once

// Only for .cpp files of fl/transport: it pulls in gRPC.
#include <grpcpp/grpcpp.h>

#include <string>

namespace consilium::fl {

/// A site's call that failed for a reason that may pass: the caller tries again.
struct Broken {
  std::string reason;
};

/// The coordinator does not accept this certificate. Another one may lie in its place by now.
struct Refused {
  std::string reason;
};

/// @throws Broken, Refused, or Error{kCorruptData} the coordinator says that what it was sent is wrong.
[[noreturn]] void fail(const grpc::Status& status, const std::string& what);

inline void require_answered(const grpc::Status& status, const std::string& what) {
  if (!status.ok()) fail(status, what);
}

}  // namespace consilium::fl
