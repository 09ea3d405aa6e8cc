#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fl/event.h"
#include "fl/site_progress.h"

namespace consilium::fl {

struct SiteStatus {
  SiteState state = SiteState::kEnrolled;
  bool is_connected = false;
  bool is_configured = false;       ///< its data were read
  std::int64_t step = 0, steps = 0; ///< of the training of the open round
  std::optional<double> loss;
  std::int64_t cases = -1;          ///< for training; below 0: unknown
  std::string device;
  double last_seen = 0;             ///< seconds since 1970; 0: never
  double last_heartbeat = 0;        ///< 0: it tells nothing of itself, which a site need not
  double last_byte = 0;             ///< when bytes of an update last came
  std::uint64_t upload_bytes = 0, upload_of_bytes = 0;
  std::uint64_t bytes_in = 0, bytes_out = 0;               ///< updates from it, models to it, in all
  std::int64_t accepted = 0, rejected = 0, late = 0;       ///< closed rounds with training in which it was asked; merged ones count as accepted
  std::int64_t last_accepted_round = -1;
};

struct SiteInRound {
  std::string outcome;  ///< as Participation says it: "accepted", "rejected", "late", "merged", "not asked"; empty: nothing yet
  std::string reason;
  double seconds = 0;   ///< from the round's opening to the last byte of the update
  std::uint64_t bytes_in = 0, bytes_out = 0;
  std::int64_t cases = 0;
};

struct RoundStatus {
  std::int64_t round = 0;
  bool is_last_look = false;
  double opened = 0, closed = 0;  ///< seconds since 1970; closed 0: open
  double deadline_seconds = 0;
  bool deadline_passed = false, waits_for_quorum = false;
  bool waits_for_cases = false;   ///< its quorum is there, without the sites that own most of the cases
  std::optional<double> validation;
  std::map<std::string, SiteInRound> sites;
};

struct Refusal {
  std::int64_t times = 0;
  std::string reason;
  double last = 0;
};

/// Where a run stands: what its events amount to.
struct RunStatus {
  std::string run;
  std::int64_t rounds = 0, quorum = 0;
  std::int64_t rounds_closed = 0;       ///< of those with training, and the last look
  double started = 0, ended = 0;        ///< seconds since 1970
  double alive_at = 0;                  ///< of the coordinator
  std::string end;                      ///< "finished", "stopped", "failed"; empty: at work, or killed
  std::string end_code;                 ///< of a failed run: as docs/exit_codes.md says it
  std::int64_t best_round = -1;
  std::optional<double> validation;     ///< of the last closed round
  std::map<std::string, SiteStatus> sites;
  std::deque<RoundStatus> recent;       ///< the last rounds, oldest first; at most kRecentRounds, and fewer of very many sites
  std::map<std::string, Refusal> refused;
  std::map<std::string, std::int64_t> alike;    ///< site -> rounds in which its update was nearly another site's (fl/aggregate/contribution.h)
  std::map<std::string, std::int64_t> updates;  ///< all that came, by "accepted", "rejected", "late", "duplicate"
};
inline constexpr std::size_t kRecentRounds = 200, kMostRefusals = 100;

/// What `event` changes; events come in their order.
void apply(RunStatus& status, const Event& event);
/// The status with the newest progress of the sites (EventReader::latest), as far as it is newer than what is known.
RunStatus with_latest(RunStatus status, const std::vector<Event>& latest);

/// Seconds of silence after which a site or a coordinator that should speak every few seconds counts as silent.
inline constexpr double kSilentSeconds = 30;

/// What a person has to know: sites that are missing, the largest site among them, silent ones, refused callers. Empty when all is well.
std::vector<std::string> warnings(const RunStatus& status, double now);

/// "at work", "finished", "stopped", "failed", "not running" (killed, or its machine is down), "waits for quorum", "waits for cases".
std::string run_state(const RunStatus& status, double now);

/// Object of schema consilium.status/1 (docs/observing.md).
Json to_json(const RunStatus& status, double now);

/// "a,b" to {"a", "b"}, and back.
std::vector<std::string> split_names(const std::string& text);
std::string join_names(const std::vector<std::string>& names);

}  // namespace consilium::fl
