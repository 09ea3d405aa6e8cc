#pragma once

// Only for .cpp files of fl/transport: it pulls in gRPC.
#include <atomic>
#include <filesystem>

#include "consilium/fl/v1/progress.grpc.pb.h"
#include "fl/enrol/door.h"
#include "fl/observer.h"

namespace consilium::fl {

/// The service by which sites tell what they are doing, and observers learn it (fl/proto/consilium/fl/v1/progress.proto).
class ProgressService final : public v1::Progress::Service {
 public:
  /// `folder` holds the run's events; `observer` and `door` outlive it.
  ProgressService(Observer& observer, Door& door, std::filesystem::path folder) : observer_(observer), door_(door), folder_(std::move(folder)) {}

  grpc::Status Tell(grpc::ServerContext* context, const v1::SiteReport* request, v1::TellResponse* response) override;
  grpc::Status Observe(grpc::ServerContext* context, const v1::ObserveRequest* request, grpc::ServerWriter<v1::Observation>* writer) override;

  /// Ends the streams of observers.
  void close() { closing_ = true; }

 private:
  void stream_events(grpc::ServerContext& context, const Caller& caller, grpc::ServerWriter<v1::Observation>& writer);

  Observer& observer_;
  Door& door_;
  std::filesystem::path folder_;
  std::atomic<bool> closing_ = false;
  std::atomic<int> observers_ = 0;
};

}  // namespace consilium::fl
