#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fl/event.h"
#include "fl/sqlite.h"

namespace consilium::fl {

struct EventLogOptions {
  std::int64_t most_events = 200000;         ///< rows that are kept; progress goes first, then the oldest
  std::uint64_t most_bytes = 64ULL << 20;    ///< of events.jsonl; then it becomes events.1.jsonl and a new one is begun
  double passing_seconds = 5;                ///< between two kept events of progress of one site; the newest is always known
};

/// Writes the events of a run: tables events, latest and observation of FOLDER/run.sqlite, and FOLDER/events.jsonl, one JSON
/// object a line. What is in the tables comes first; a coordinator killed between the two leaves the last line out of the file.
class EventLog {
 public:
  /// Goes on with a run that is there. `run` names a new one. @throws as Sqlite; Error{kCannotWrite}
  EventLog(std::filesystem::path folder, const std::string& run, const EventLogOptions& options = {});
  ~EventLog();
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  const std::string& run() const { return run_; }
  bool is_new() const { return is_new_; }
  /// @throws Error{kUnexpected} an event that its schema does not describe; as Sqlite.
  void append(const Event& event);
  /// The coordinator is alive at `time`: how a reader tells a run at work from one that was killed.
  void beat(double time);

 private:
  bool is_kept(const Event& event);
  void write_line(const std::string& line);
  void drop_oldest();

  std::filesystem::path folder_;
  EventLogOptions options_;
  Sqlite database_;
  std::string run_;
  bool is_new_ = false;
  std::int64_t rows_ = 0;
  int file_ = -1;
  std::uint64_t bytes_ = 0;
  std::map<std::pair<std::string, EventKind>, double> kept_at_;
};

/// Reads them back while they are written, or afterwards.
class EventReader {
 public:
  /// @throws Error{kNotFound} no run.sqlite, or one without events; as Sqlite.
  explicit EventReader(const std::filesystem::path& folder);

  /// At most `most` events that were not read yet, oldest first.
  std::vector<Event> next(std::size_t most = 1000);
  /// The newest passing event of every site and kind, oldest first.
  std::vector<Event> latest() const;
  /// When the coordinator was last known to be alive.
  std::optional<double> alive_at() const;

 private:
  Sqlite database_;
  std::int64_t last_id_ = 0;
};

}  // namespace consilium::fl
