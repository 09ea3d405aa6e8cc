#include "fl/transport/remote_run.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "base/wait.h"
#include "consilium/fl/v1/progress.grpc.pb.h"
#include "fl/federation_settings.h"
#include "fl/known_certificate.h"
#include "fl/transport/call_failures.h"
#include "fl/transport/channel.h"
#include "fl/transport/growing_pause.h"
#include "fl/wall_clock.h"
#include "fl/wire/progress_messages.h"

namespace consilium::fl {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point when) { return std::chrono::duration<double>(Clock::now() - when).count(); }

/// One stream of observations, read in a thread of its own so that time passes for who waits for the next.
class Stream {
 public:
  Stream(const std::string& address, const TlsPems& pems) : stub_(v1::Progress::NewStub(standing_channel(address, pems))) {
    reader_ = stub_->Observe(&context_, {});
    thread_ = std::thread([this] { read(); });
  }
  ~Stream() {
    context_.TryCancel();
    {
      const std::lock_guard lock(guard_);
      next_.reset();
      is_leaving_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Stream(const Stream&) = delete;

  /// Nothing: `seconds` have passed. @throws Broken or Refused at the end.
  std::optional<Observed> next(double seconds) {
    std::unique_lock lock(guard_);
    changed_.wait_for(lock, std::chrono::duration<double>(seconds), [&] { return next_ || ended_; });
    if (next_) {
      const Observed observed = from_message(*next_);
      next_.reset();
      changed_.notify_all();
      return observed;
    }
    if (ended_) fail(*ended_, "the coordinator ended the stream");
    return std::nullopt;
  }

 private:
  /// One message at a time: who is slow to look slows the coordinator's stream, and fills no memory.
  void read() {
    v1::Observation message;
    while (reader_->Read(&message)) {
      std::unique_lock lock(guard_);
      next_ = std::move(message);
      changed_.notify_all();
      changed_.wait(lock, [&] { return !next_ || is_leaving_; });
    }
    const grpc::Status status = reader_->Finish();
    const std::lock_guard lock(guard_);
    ended_ = status;
    changed_.notify_all();
  }

  std::unique_ptr<v1::Progress::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::Observation>> reader_;
  std::mutex guard_;
  std::condition_variable changed_;
  std::optional<v1::Observation> next_;
  std::optional<grpc::Status> ended_;
  bool is_leaving_ = false;
  std::thread thread_;
};

/// A run as its events come. A stream begins with the run's first event: those that were told before are only applied.
struct Followed {
  RunStatus kept;
  std::vector<Event> latest;
  std::size_t count = 0;  ///< events of this stream
  std::size_t told = 0;   ///< of the longest one

  void begin() {
    kept = {};
    count = 0;
  }
  std::vector<Event> take(Observed observed) {
    std::vector<Event> fresh;
    for (Event& event : observed.events) {
      apply(kept, event);
      if (++count > told) fresh.push_back(std::move(event));
    }
    told = std::max(told, count);
    latest = std::move(observed.latest);
    return fresh;
  }
  RunStatus status() const {
    RunStatus status = with_latest(kept, latest);
    status.alive_at = utc_seconds();  // it is connected
    return status;
  }
};

TlsPems observer_pems(const RemoteRunOptions& options) {
  const std::string certificate = read_file(options.tls.certificate, kMostPemBytes);
  const auto role = role_of(known_certificate(certificate, options.tls.certificate.string())->summary.role);
  require(role == Role::kObserver || role == Role::kAdmin, ErrorCode::kRefused, options.tls.certificate.string() + ": only an observer or an administrator may see what every site does; the federation's owner invites one with consilium keys invite NAME --role observer");
  return read_tls_files(options.tls, *role, options.name);
}

}  // namespace

void follow_run(const RemoteRunOptions& options, const OnRunNews& on_news, const std::atomic<bool>* stop) {
  const TlsPems pems = observer_pems(options);
  const std::vector<std::string> addresses = split_addresses(options.coordinator);
  Followed run;
  GrowingPause pause;
  auto last_contact = Clock::now();
  for (std::size_t tries = 0;; ++tries) {
    try {
      Stream stream(addresses[tries % addresses.size()], pems);
      run.begin();
      for (auto drawn = Clock::now(); run.kept.end.empty();) {
        throw_if_stopped(stop);
        const auto observed = stream.next(0.2);
        if (observed) {
          last_contact = Clock::now();
          pause.reset();
        }
        const std::vector<Event> fresh = observed ? run.take(*observed) : std::vector<Event>{};
        if (run.count == 0 || (!observed && seconds_since(drawn) < options.redraw_seconds)) continue;
        on_news(run.status(), fresh);
        drawn = Clock::now();
      }
      return;
    } catch (const Refused& refused) {
      throw Error(ErrorCode::kRefused, "the coordinator refuses: " + refused.reason);
    } catch (const Broken& broken) {
      require(seconds_since(last_contact) < options.give_up_seconds, ErrorCode::kUnreachable, "no contact with the coordinator at " + options.coordinator + " for " + std::to_string(static_cast<int>(options.give_up_seconds)) + " s (" + broken.reason + ")");
    }
    wait_for(pause.seconds(), stop);
    pause.grow();
  }
}

}  // namespace consilium::fl
