#include "fl/peers/run_peers_in_process.h"

#include <algorithm>
#include <cmath>
#include <queue>

#include "base/error.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "fl/run_in_process.h"

namespace consilium::fl {
namespace {

struct Event {
  enum class Kind { kDeliver, kTick, kTrained, kKill, kStart };
  double at = 0;
  std::uint64_t number = 0;  ///< what happens at one time happens in the order in which it was planned
  Kind kind = Kind::kTick;
  std::string peer{};
  std::uint64_t life = 0;    ///< a tick or an update of a process that was killed is void
  PeerMessage message{};

  bool operator>(const Event& other) const { return std::pair(at, number) > std::pair(other.at, other.number); }
};

struct Job {
  RoundPlan plan;
  ModelState base;
  std::optional<Update> update;
};

struct Seat {
  std::unique_ptr<Peer> peer;  ///< null while it is killed
  PeerRecord record;           ///< on disk
  std::uint64_t life = 0;
  std::optional<std::pair<std::uint64_t, std::uint64_t>> saved;  ///< life and version of the record
  std::optional<Job> job;
  Trainer* trainer = nullptr;
};

class Stage {
 public:
  Stage(const PeerSettings& settings, const VirtualNetwork& network, const std::function<void(const std::string&, const PeerRecord&)>& on_record) : settings_(settings), network_(network), on_record_(on_record), rng_(network.seed) {}

  void seat(const std::string& name, Trainer* trainer, std::unique_ptr<Peer> peer) {
    Seat& seat = seats_[name];
    seat.trainer = trainer;
    seat.peer = std::move(peer);
    save(name, seat);
    plan({.at = 0, .kind = Event::Kind::kTick, .peer = name});
  }

  PeerRun play() {
    for (const PeerOutage& outage : network_.outages) {
      if (!outage.killed) continue;
      plan({.at = outage.from_seconds, .kind = Event::Kind::kKill, .peer = outage.peer});
      if (outage.to_seconds < network_.most_seconds) plan({.at = outage.to_seconds, .kind = Event::Kind::kStart, .peer = outage.peer});
    }
    while (!is_over()) {
      Event event = events_.top();
      events_.pop();
      now_ = event.at;
      require(now_ <= network_.most_seconds, ErrorCode::kUnreachable, "after " + std::to_string(std::llround(now_)) + " virtual seconds the federation is not through: " + where());
      happen(event);
    }
    run_.seconds = now_;
    for (auto& [name, seat] : seats_) run_.records[name] = seat.peer ? seat.peer->record() : seat.record;
    return std::move(run_);
  }

 private:
  void plan(Event event) {
    event.number = planned_++;
    events_.push(std::move(event));
  }

  void happen(Event& event) {
    Seat& seat = seats_.at(event.peer);
    if (event.kind == Event::Kind::kKill) {
      seat.peer.reset();
      seat.job.reset();
      ++seat.life;
    } else if (event.kind == Event::Kind::kStart) {
      seat.peer = resume_peer(settings_, event.peer, seat.record, now_);
      save(event.peer, seat);
      plan({.at = now_, .kind = Event::Kind::kTick, .peer = event.peer, .life = seat.life});
    }
    if (!seat.peer) return;
    if (event.kind == Event::Kind::kDeliver) {
      if (!is_cut(event.peer)) seat.peer->receive(event.message, now_);
    } else if (event.life != seat.life) {
      return;
    } else if (event.kind == Event::Kind::kTick) {
      seat.peer->tick(now_);
      plan({.at = now_ + settings_.liveness_seconds / 8, .kind = Event::Kind::kTick, .peer = event.peer, .life = seat.life});
    } else if (event.kind == Event::Kind::kTrained) {
      train_all();
      Update update = std::move(*seat.job->update);
      seat.job.reset();
      seat.peer->trained(std::move(update), now_);
    }
    settle(event.peer, seat);
  }

  /// What a peer's process does after each call: save, then send, then train.
  void settle(const std::string& name, Seat& seat) {
    save(name, seat);
    for (PeerMessage& message : seat.peer->take_outgoing()) send(std::move(message));
    for (const std::string& line : seat.peer->take_events()) run_.events.push_back(std::to_string(std::llround(1000 * now_)) + " ms: " + name + ": " + line);
    const auto work = seat.peer->work(now_);
    if (!work) return;
    seat.job = Job{work->plan, *work->base, {}};
    const auto own = network_.training_seconds.find(name);
    plan({.at = now_ + (own == network_.training_seconds.end() ? 1 : own->second), .kind = Event::Kind::kTrained, .peer = name, .life = seat.life});
  }

  void save(const std::string& name, Seat& seat) {
    const std::pair now{seat.life, seat.peer->version()};
    if (seat.saved == now) return;
    seat.saved = now;
    seat.record = seat.peer->record();
    if (on_record_) on_record_(name, seat.record);
  }

  void send(PeerMessage message) {
    run_.weight_bytes[message.from] += weight_bytes(message);
    const int copies = rng_.chance(network_.drop) ? 0 : rng_.chance(network_.duplicate) ? 2 : 1;
    if (is_cut(message.from)) return;
    for (int n = 0; n < copies; ++n) plan({.at = now_ + rng_.uniform(network_.delay_low_seconds, network_.delay_high_seconds), .kind = Event::Kind::kDeliver, .peer = message.to, .message = message});
  }

  bool is_cut(const std::string& peer) const {
    for (const PeerOutage& outage : network_.outages)
      if (!outage.killed && outage.peer == peer && now_ >= outage.from_seconds && now_ < outage.to_seconds) return true;
    return false;
  }

  /// Everybody's open training at once: they mostly start and end together.
  void train_all() {
    std::vector<std::pair<std::string, Seat*>> open;
    for (auto& [name, seat] : seats_)
      if (seat.job && !seat.job->update) open.emplace_back(name, &seat);
    parallel_for(open.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t n = begin; n < end; ++n) {
        Job& job = *open[n].second->job;
        job.update = take_part(*open[n].second->trainer, open[n].first, job.plan, job.base);
      }
    });
  }

  bool is_over() const {
    for (const auto& [name, seat] : seats_)
      if (seat.peer ? !seat.peer->is_finished() : comes_back(name)) return false;
    return true;
  }
  bool comes_back(const std::string& name) const {
    for (const PeerOutage& outage : network_.outages)
      if (outage.killed && outage.peer == name && outage.to_seconds >= now_ && outage.to_seconds < network_.most_seconds) return true;
    return false;
  }
  std::string where() const {
    std::string text;
    for (const auto& [name, seat] : seats_) text += (text.empty() ? "" : ", ") + name + (seat.peer ? " in round " + std::to_string(seat.record.run.round + 1) : std::string(" killed"));
    return text;
  }

  PeerSettings settings_;
  VirtualNetwork network_;
  std::function<void(const std::string&, const PeerRecord&)> on_record_;
  Rng rng_;
  std::map<std::string, Seat> seats_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::uint64_t planned_ = 0;
  double now_ = 0;
  PeerRun run_;
};

}  // namespace

PeerRun run_peers_in_process(const PeerSettings& settings, const ModelState& initial, const std::map<std::string, Trainer*>& trainers, const VirtualNetwork& network, const std::map<std::string, PeerRecord>& start,
                             const std::function<void(const std::string&, const PeerRecord&)>& on_record) {
  validate(settings);
  PeerSettings sorted = settings;
  std::sort(sorted.peers.begin(), sorted.peers.end());
  require(sorted.peers.size() == trainers.size(), ErrorCode::kUsage, "the trainers are not those of the settings' peers");
  Stage stage(sorted, network, on_record);
  for (const std::string& name : sorted.peers) {
    const auto trainer = trainers.find(name);
    require(trainer != trainers.end(), ErrorCode::kUsage, "peer \"" + name + "\" has no trainer");
    const auto record = start.find(name);
    stage.seat(name, trainer->second, record == start.end() ? make_peer(sorted, name, initial, 0) : resume_peer(sorted, name, record->second, 0));
  }
  return stage.play();
}

}  // namespace consilium::fl
