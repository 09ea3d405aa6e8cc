#pragma once

#include <filesystem>
#include <vector>

#include "fl/event_log.h"
#include "fl/run_status.h"

namespace consilium::fl {

/// Follows a run through its folder, while it is at work or afterwards. Reads only.
class RunFollower {
 public:
  /// @throws Error{kNotFound} no run.sqlite there; as EventReader.
  explicit RunFollower(const std::filesystem::path& folder);

  /// What happened since the last call.
  std::vector<Event> refresh();
  /// As of the last refresh().
  RunStatus status() const;

 private:
  EventReader reader_;
  RunStatus kept_;
  std::vector<Event> latest_;
  double alive_at_ = 0;
};

/// The status of a run from its folder. Participation is counted from the closed rounds themselves, which outlive their events.
/// @throws as RunFollower; Error{kCorruptData}
RunStatus read_run_status(const std::filesystem::path& folder);

/// Every event that is kept, oldest first. @throws as RunFollower.
std::vector<Event> read_events(const std::filesystem::path& folder);

}  // namespace consilium::fl
