#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "fl/peers/introductions.h"
#include "fl/transport/growing_pause.h"
#include "fl/transport/peer_route.h"
#include "fl/wire/letter.h"

namespace consilium::fl {

/// Encodes what goes to several peers once, and holds it no longer than one of them still takes it. Several threads may use it.
class LetterPress {
 public:
  std::shared_ptr<const LetterBody> print(const PeerMessage& message);

 private:
  struct Printed {
    LetterBody body;
    PeerMessage message;  ///< holds the models, whose addresses are the key
  };
  std::mutex guard_;
  std::map<std::string, std::weak_ptr<const Printed>> printed_;
};

struct CourierOptions {
  std::string own, peer;
  /// A letter that was delivered is not delivered again so soon, however often the postbox repeats it: the other side may still be reading.
  double repeat_seconds = 15;
};

/// Carries letters to one peer, directly or by the relay, in threads of its own: small letters do not wait for the big ones. What cannot be delivered is tried
/// again, with growing pauses, until something newer takes its place.
class Courier {
 public:
  using Routes = std::vector<std::unique_ptr<PeerRoute>>;  ///< in the order in which they are tried
  /// `on_event` is called from the courier's threads.
  Courier(CourierOptions options, Introductions& introductions, LetterPress& press, Routes routes, std::function<void(const std::string&)> on_event);
  ~Courier();
  Courier(const Courier&) = delete;
  void post(PeerMessage message);

 private:
  using Clock = std::chrono::steady_clock;
  struct Lane {
    std::list<PeerMessage> queue;
    std::map<std::string, std::pair<std::string, Clock::time_point>> sent;  ///< slot -> print of the letter that was delivered last, and when
    std::thread thread;
    bool greets = false;  ///< says hello while that is due
  };
  void run(Lane& lane);
  void greet();
  void tell(const std::string& trouble);
  void deliver(const PeerMessage& message);
  void over_a_route(const std::function<void(PeerRoute&)>& send);
  bool is_new(Lane& lane, const PeerMessage& message);

  const CourierOptions options_;
  Introductions& introductions_;
  LetterPress& press_;
  const Routes routes_;
  std::function<void(const std::string&)> on_event_;
  std::mutex guard_;
  std::condition_variable changed_;
  std::vector<Clock::time_point> resting_until_;  ///< of each route
  std::vector<GrowingPause> pauses_;
  std::string told_;
  bool stopping_ = false;
  Lane small_, big_;
};

}  // namespace consilium::fl
