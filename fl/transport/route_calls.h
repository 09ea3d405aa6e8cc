#pragma once

// Only for .cpp files of fl/transport: it pulls in gRPC.
#include <grpcpp/grpcpp.h>

#include <mutex>
#include <set>
#include <string>

#include "base/error.h"
#include "fl/transport/channel.h"
#include "fl/transport/peer_route.h"

namespace consilium::fl {

inline constexpr int kPieceSeconds = 60;  ///< for a piece of 256 KiB: less than 5 KiB a second is no connection
inline constexpr int kDialSeconds = 3;    ///< then another way is tried

/// What a call's end means for who sends letters.
inline void require_ok(const grpc::Status& status, const std::string& whom) {
  switch (status.error_code()) {
    case grpc::StatusCode::OK: return;
    case grpc::StatusCode::PERMISSION_DENIED: throw Error(ErrorCode::kRefused, whom + " refuses: " + status.error_message());
    case grpc::StatusCode::FAILED_PRECONDITION: throw Error(ErrorCode::kMismatch, whom + " refuses: " + status.error_message());
    case grpc::StatusCode::INVALID_ARGUMENT: throw Error(ErrorCode::kCorruptData, whom + " refuses: " + status.error_message());
    default: throw RouteBroken{whom + ": " + status.error_message()};
  }
}

inline grpc::ChannelArguments peer_channel_arguments() {
  grpc::ChannelArguments arguments = standing_channel_arguments();
  // Within the time for dialling more than one try.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  return arguments;
}

/// The calls that are open on a route: its end does not wait for them.
class OpenCalls {
 public:
  /// One call, with a deadline.
  class Call {
   public:
    Call(OpenCalls& calls, int seconds) : calls_(calls) {
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(seconds));
      const std::lock_guard lock(calls_.guard_);
      if (calls_.closed_) throw RouteBroken{"this site is ending"};
      calls_.open_.insert(&context);
    }
    ~Call() {
      const std::lock_guard lock(calls_.guard_);
      calls_.open_.erase(&context);
    }
    Call(const Call&) = delete;
    grpc::ClientContext context;

   private:
    OpenCalls& calls_;
  };
  void close() {
    const std::lock_guard lock(guard_);
    closed_ = true;
    for (grpc::ClientContext* context : open_) context->TryCancel();
  }

 private:
  std::mutex guard_;
  std::set<grpc::ClientContext*> open_;
  bool closed_ = false;
};

}  // namespace consilium::fl
