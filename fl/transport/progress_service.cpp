#include "fl/transport/progress_service.h"

#include <chrono>
#include <thread>

#include "base/error.h"
#include "fl/run_history.h"
#include "fl/transport/status.h"
#include "fl/wire/progress_messages.h"

namespace consilium::fl {
namespace {

/// Each holds a thread of the server.
constexpr int kMostObservers = 8;
constexpr auto kLookEvery = std::chrono::milliseconds(300);

struct Counted {
  explicit Counted(std::atomic<int>& number) : count(number) { ++count; }
  ~Counted() { --count; }
  Counted(const Counted&) = delete;
  std::atomic<int>& count;
};

}  // namespace

grpc::Status ProgressService::Tell(grpc::ServerContext* context, const v1::SiteReport* request, v1::TellResponse*) {
  return admitted(door_, *context, Right::kTakePart, [&](const Caller& caller) { observer_.reported(caller.name, from_message(*request)); });
}

grpc::Status ProgressService::Observe(grpc::ServerContext* context, const v1::ObserveRequest*, grpc::ServerWriter<v1::Observation>* writer) {
  return admitted(door_, *context, Right::kObserve, [&](const Caller& caller) {
    const Counted counted(observers_);
    require(observers_ <= kMostObservers, ErrorCode::kRefused, "there are " + std::to_string(kMostObservers) + " observers already");
    stream_events(*context, caller, *writer);
  });
}

void ProgressService::stream_events(grpc::ServerContext& context, const Caller& caller, grpc::ServerWriter<v1::Observation>& writer) {
  EventReader reader(folder_);
  std::vector<Event> latest;
  bool first = true;
  while (!context.IsCancelled()) {
    door_.require_current(caller);
    const bool last = closing_;  // what was written before is read once more
    Observed observed{reader.next(500), reader.latest()};
    const bool news = first || !observed.events.empty() || observed.latest != latest;
    latest = observed.latest;
    first = false;
    if (news && !writer.Write(to_message(observed))) return;
    if (observed.events.empty() && last) return;
    if (observed.events.empty()) std::this_thread::sleep_for(kLookEvery);
  }
}

}  // namespace consilium::fl
