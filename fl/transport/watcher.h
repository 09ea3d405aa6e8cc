#pragma once

// Only for .cpp files of fl/transport: it pulls in gRPC.
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "consilium/fl/v1/federation.grpc.pb.h"
#include "fl/wire/messages.h"

namespace consilium::fl {

/// Reads the coordinator's announcements in a thread of its own; only the newest counts.
class Watcher {
 public:
  /// `instance`: of this process, so that the coordinator can tell a second one with the same certificate.
  Watcher(pb::Federation::Stub& stub, const std::string& instance);
  ~Watcher();
  Watcher(const Watcher&) = delete;

  /// An announcement newer than `seen`. @throws Broken or Refused when the stream has ended; Error{kMismatch} the coordinator does not speak with this program; Error{kInterrupted}.
  Announced next(std::uint64_t& seen, const std::atomic<bool>* stop);
  /// How far the coordinator's clock is from this one; empty when they agree, or before the first announcement.
  std::string clock_difference();

 private:
  void read();
  void note_clock();

  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<pb::Announcement>> reader_;
  std::mutex guard_;
  std::condition_variable changed_;
  pb::Announcement newest_;
  std::uint64_t version_ = 0;
  std::optional<grpc::Status> ended_;
  std::string clock_difference_;
  std::thread thread_;
};

}  // namespace consilium::fl
