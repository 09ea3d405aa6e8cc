#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <vector>

#include "fl/event.h"
#include "fl/run_status.h"

namespace consilium::pipelines {

/// Called when something happened: the status, and the events since the last call.
using OnNews = std::function<void(const fl::RunStatus&, const std::vector<fl::Event>&)>;

struct WatchOptions {
  double look_seconds = 0.5;     ///< between two looks at the folder
  double redraw_seconds = 2;     ///< without news: ages grow
  double wait_seconds = 60;      ///< for a coordinator that has not begun yet
};

/// Follows a coordinator's folder until its run has ended. @throws as RunFollower; Error{kInterrupted} `stop` was set by another thread.
void watch_folder(const std::filesystem::path& folder, const OnNews& on_news, const std::atomic<bool>* stop, const WatchOptions& options = {});

}  // namespace consilium::pipelines
