#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/settings.h"

namespace consilium::fl {

/// What can happen in a federation. Words, fields and meanings: event_schemas(), docs/observing.md.
enum class EventKind {
  kRunStarted,
  kRunResumed,
  kRoundOpened,
  kSiteRefused,
  kConnected,
  kDisconnected,
  kSiteState,
  kConfigured,
  kHeartbeat,
  kTrainingProgress,
  kModelSent,
  kUploadProgress,
  kUpdateAccepted,
  kUpdateRejected,
  kUpdateLate,
  kUpdateDuplicate,
  kDeadlinePassed,
  kQuorumWait,
  kCasesWait,
  kRoundClosed,
  kModelWritten,
  kFinished,
  kStopped,
  kFailed,
};

/// One thing that happened, as the coordinator saw it. Holds names of sites, counts, times and sizes: no patient data, no path.
struct Event {
  double time = 0;          ///< seconds since 1970, UTC
  EventKind kind = EventKind::kRunStarted;
  std::string run{};        ///< the same for all events of one run
  std::int64_t round = -1;  ///< 0-based as in RoundPlan; below 0: of no round
  std::string site{};       ///< empty: of no site
  std::map<std::string, double> numbers{};
  std::map<std::string, std::string> words{};

  bool operator==(const Event&) const = default;
};

/// What belongs into an event of one kind.
struct EventSchema {
  EventKind kind;
  std::string_view word;     ///< value of the key "event"
  std::string_view meaning;  ///< for docs/observing.md
  bool has_round, has_site;
  std::vector<std::string_view> numbers, words;  ///< keys that it always has
  std::vector<std::string_view> optional{};      ///< numbers that it has when they are known
  bool is_passing = false;  ///< one of many of its kind: only some are kept (of a heartbeat none), and the newest of each site
};
std::span<const EventSchema> event_schemas();
const EventSchema& schema_of(EventKind kind);
std::string_view to_string(EventKind kind);

/// One flat object: schema, time (ISO 8601, UTC, milliseconds), run, event, round and site where the kind has them, then numbers and words.
Json to_json(const Event& event);
/// The same as one line, without its end: what is kept, sent and printed.
std::string to_line(const Event& event);
/// @throws Error{kCorruptData} naming `origin` and what is missing, unknown or of another type.
Event parse_event(const Json& json, const std::string& origin);
/// The event holds what its schema says, and nothing else. @throws Error{kUnexpected}
void validate(const Event& event);

/// "2026-11-26T02:18:25.123Z", and back. @throws Error{kCorruptData}
std::string utc_text(double seconds);
double parse_utc(const std::string& text);

/// Text of a peer for a log or a page: at most `most` bytes, anything but letters, digits, space and .,:;_-+()/"' becomes '?'.
std::string plain_text(std::string_view text, std::size_t most = 200);

}  // namespace consilium::fl
