#pragma once

#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "fl/peers/peer.h"
#include "fl/trainer.h"

namespace consilium::fl {

/// A time in which a peer cannot be reached, or does not run at all.
struct PeerOutage {
  std::string peer;
  double from_seconds = 0;
  double to_seconds = std::numeric_limits<double>::infinity();
  bool killed = false;  ///< its memory is lost; at the end it is started again from its record
};

/// The network between peers in one process, in virtual time.
struct VirtualNetwork {
  double delay_low_seconds = 0.01, delay_high_seconds = 0.05;  ///< of each message, drawn uniformly: so they overtake one another
  double drop = 0, duplicate = 0;                              ///< chances, [0, 1)
  std::uint64_t seed = 1;
  std::map<std::string, double> training_seconds{};  ///< of a round at a site, in virtual time; 1 where nothing is said
  std::vector<PeerOutage> outages{};
  double most_seconds = 1e9;                         ///< virtual; a federation that is not through by then never will be
};

struct PeerRun {
  std::map<std::string, PeerRecord> records;          ///< at the end; of a killed peer the last
  std::map<std::string, std::uint64_t> weight_bytes;  ///< that each peer sent: values only
  std::vector<std::string> events;                    ///< "12300 ms: east: ..."
  double seconds = 0;                                 ///< virtual
};

/// A federation without coordinator in this process: the state machines of real peers on a virtual network, trainers on up to thread_limit() threads. Same
/// arguments, same bytes. `start`: records of an earlier run to go on from. `on_record` gets every record that a real peer would write to disk.
/// @throws Error{kUnreachable} virtual time is up, naming who is in which round; Error{kUsage} as validate, or trainers are not the settings' peers; Error of a trainer.
PeerRun run_peers_in_process(const PeerSettings& settings, const ModelState& initial, const std::map<std::string, Trainer*>& trainers, const VirtualNetwork& network = {},
                             const std::map<std::string, PeerRecord>& start = {}, const std::function<void(const std::string& peer, const PeerRecord&)>& on_record = {});

}  // namespace consilium::fl
