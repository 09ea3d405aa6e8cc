#pragma once

// Only for .cpp files of fl/transport: it pulls in gRPC.
#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "fl/site_progress.h"

namespace consilium::fl {

/// Tells the coordinator every few seconds what this site is doing, from a thread of its own: however long a training step takes, the site is
/// seen to live. Failures are the connection's and are not told here; a coordinator without the service is told nothing more.
class ProgressReporter {
 public:
  ProgressReporter(std::shared_ptr<grpc::Channel> channel, const SiteProgress& progress, double every_seconds);
  ~ProgressReporter();
  ProgressReporter(const ProgressReporter&) = delete;

 private:
  void run();

  std::shared_ptr<grpc::Channel> channel_;
  const SiteProgress& progress_;
  double every_seconds_;
  std::mutex guard_;
  std::condition_variable changed_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace consilium::fl
