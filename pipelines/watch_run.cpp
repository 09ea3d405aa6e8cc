#include "pipelines/watch_run.h"

#include <chrono>

#include "base/files.h"
#include "base/wait.h"
#include "fl/run_history.h"

namespace consilium::pipelines {
namespace {

using Clock = std::chrono::steady_clock;

Clock::time_point after(double seconds) { return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds)); }

/// A run folder is looked at as soon as it holds a run.
void wait_for_run(const fs::path& folder, const WatchOptions& options, const std::atomic<bool>* stop) {
  if (!fs::exists(folder)) return;  // that is a mistake rather than a coordinator about to start
  for (const auto end = after(options.wait_seconds); Clock::now() < end && !fs::exists(folder / "events.jsonl");) wait_for(0.1, stop);
}

}  // namespace

void watch_folder(const fs::path& folder, const OnNews& on_news, const std::atomic<bool>* stop, const WatchOptions& options) {
  wait_for_run(folder, options, stop);
  fl::RunFollower follower(folder);
  std::string shown;
  for (auto redraw = Clock::now();;) {
    const std::vector<fl::Event> fresh = follower.refresh();
    const fl::RunStatus status = follower.status();
    const std::string seen = to_json(status, 0).dump();  // what changes but for the time
    if (!fresh.empty() || seen != shown || Clock::now() >= redraw) {
      on_news(status, fresh);
      redraw = after(options.redraw_seconds);
      shown = seen;
    }
    if (!status.end.empty()) return;
    wait_for(options.look_seconds, stop);
  }
}

}  // namespace consilium::pipelines
