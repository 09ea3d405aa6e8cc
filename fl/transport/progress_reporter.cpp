#include "fl/transport/progress_reporter.h"

#include <chrono>

#include "consilium/fl/v1/progress.grpc.pb.h"
#include "fl/wire/progress_messages.h"

namespace consilium::fl {

ProgressReporter::ProgressReporter(std::shared_ptr<grpc::Channel> channel, const SiteProgress& progress, double every_seconds)
    : channel_(std::move(channel)), progress_(progress), every_seconds_(every_seconds), thread_([this] { run(); }) {}

ProgressReporter::~ProgressReporter() {
  {
    const std::lock_guard lock(guard_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void ProgressReporter::run() {
  using std::chrono::duration;
  const auto stub = v1::Progress::NewStub(channel_);
  SiteState told = SiteState::kEnrolled;
  auto next = std::chrono::steady_clock::now();
  std::unique_lock lock(guard_);
  while (!stop_) {
    const SiteReport report = progress_.report();
    if (report.state != told || std::chrono::steady_clock::now() >= next) {
      lock.unlock();
      grpc::ClientContext context;
      // Shorter than the time after which a site counts as silent; the end of the site waits for it at most so long.
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(2));
      v1::TellResponse response;
      const grpc::Status status = stub->Tell(&context, to_message(report), &response);
      lock.lock();
      if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED) return;
      if (status.ok()) told = report.state;
      next = std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(duration<double>(every_seconds_));
      if (!status.ok()) changed_.wait_for(lock, std::chrono::milliseconds(500), [&] { return stop_; });
    }
    // A new state is told at once, as far as a look ten times a second is at once.
    changed_.wait_for(lock, std::chrono::milliseconds(100), [&] { return stop_; });
  }
}

}  // namespace consilium::fl
