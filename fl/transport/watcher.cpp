#include "fl/transport/watcher.h"

#include <chrono>

#include "base/error.h"
#include "base/stop.h"
#include "fl/round_protocols.h"
#include "fl/transport/call_failures.h"
#include "fl/transport/channel.h"
#include "fl/wall_clock.h"

namespace consilium::fl {

Watcher::Watcher(pb::Federation::Stub& stub, const std::string& instance) {
  pb::WatchRequest request;
  request.set_protocol_version(1);
  request.set_instance(instance);
  for (const Codec codec : codecs()) request.add_codecs(std::string(to_string(codec)));
  for (const std::string& protection : spoken_protections()) request.add_protections(protection);
  reader_ = stub.Watch(&context_, request);
  thread_ = std::thread([this] { read(); });
}

Watcher::~Watcher() {
  context_.TryCancel();
  thread_.join();
}

void Watcher::read() {
  pb::Announcement message;
  while (reader_->Read(&message)) {
    const std::lock_guard lock(guard_);
    if (version_ == 0) note_clock();
    newest_ = std::move(message);
    ++version_;
    changed_.notify_all();
  }
  const grpc::Status status = reader_->Finish();
  const std::lock_guard lock(guard_);
  ended_ = status;
  changed_.notify_all();
}

Announced Watcher::next(std::uint64_t& seen, const std::atomic<bool>* stop) {
  std::unique_lock lock(guard_);
  while (version_ == seen) {
    throw_if_stopped(stop);
    if (ended_ && ended_->error_code() == grpc::StatusCode::FAILED_PRECONDITION) throw Error(ErrorCode::kMismatch, "the coordinator refuses: " + ended_->error_message());
    if (ended_) fail(*ended_, "connection");
    changed_.wait_for(lock, std::chrono::milliseconds(200));
  }
  seen = version_;
  return from_message(newest_);
}

std::string Watcher::clock_difference() {
  const std::lock_guard lock(guard_);
  return clock_difference_;
}

void Watcher::note_clock() {
  const auto& metadata = context_.GetServerInitialMetadata();
  const auto at = metadata.find(kClockKey);
  const std::string seconds = at == metadata.end() ? "" : std::string(at->second.data(), at->second.size());
  if (seconds.empty() || seconds.size() > 12 || seconds.find_first_not_of("0123456789") != std::string::npos) return;
  clock_difference_ = fl::clock_difference(std::stoll(seconds), wall_seconds());
}

}  // namespace consilium::fl
