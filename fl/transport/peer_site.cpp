#include "fl/transport/peer_site.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <mutex>
#include <optional>

#include "base/error.h"
#include "base/files.h"
#include "base/stop.h"
#include "fl/peers/peer_store.h"
#include "fl/run_in_process.h"
#include "fl/transport/courier.h"
#include "fl/transport/direct_route.h"
#include "fl/transport/peer_server.h"
#include "fl/transport/relay_collector.h"
#include "fl/wall_clock.h"
#include "models/state/safetensors.h"

namespace consilium::fl {
namespace {

constexpr double kLookSeconds = 0.2;           ///< how often a stop, and the end of training, are looked for
constexpr std::uint64_t kRoomBytes = 64 << 20;  ///< in a letter, for reports
constexpr std::uint64_t kMostModels = 4;        ///< in a letter: a state has model, two of the rule's memory, and the best

/// A line from any thread.
class Telling {
 public:
  explicit Telling(std::function<void(const std::string&)> on_event) : on_event_(std::move(on_event)) {}
  void operator()(const std::string& line) {
    const std::lock_guard lock(guard_);
    if (on_event_) on_event_(line);
  }

 private:
  std::mutex guard_;
  std::function<void(const std::string&)> on_event_;
};

std::vector<std::string> others_of(const PeerSettings& settings, const std::string& own) {
  std::vector<std::string> others = settings.peers;
  std::erase(others, own);
  return others;
}

/// All that connects one peer with the others, in the order in which it is made and unmade.
class Connections {
 public:
  Connections(const PeerSiteOptions& options, const PeerSettings& settings, const ModelState& initial, Telling& tell)
      : tell_(tell),
        introductions_(shared_digests(settings, options.run, digest(initial)), options.name, others_of(settings, options.name)),
        box_({.folder = options.folder / "inbox", .most_bytes = kMostModels * safetensors_bytes(initial) + kRoomBytes}),
        desk_(options.name, introductions_, box_),
        door_({.keys = options.tls.authority.parent_path(), .refused = options.folder / "refused.json", .sites = settings.peers}) {
    if (!options.listen.empty()) {
      server_.emplace(PeerServer::Options{options.listen, options.name, options.tls}, desk_, door_);
      write_file(options.folder / "address", server_->address() + "\n");
      tell_("listening at " + server_->address());
    }
    const RelayOptions relay{.own = options.name, .addresses = options.relays, .tls = options.tls};
    if (!options.relays.empty()) {
      relay_.emplace(relay, door_);
      collector_.emplace(relay, desk_, door_, [this](const std::string& line) { tell_("!" + line); });
    }
    for (const std::string& peer : others_of(settings, options.name)) {
      Courier::Routes routes;
      if (const auto at = options.addresses.find(peer); at != options.addresses.end()) routes.push_back(std::make_unique<DirectRoute>(DirectRoute::Options{options.name, peer, at->second, options.tls}, introductions_, door_));
      if (relay_) routes.push_back(std::make_unique<RelayRoute>(peer, *relay_));
      require(!routes.empty(), ErrorCode::kUsage, "\"" + peer + "\" has no address, and there is no relay");
      couriers_[peer] = std::make_unique<Courier>(CourierOptions{options.name, peer, settings.liveness_seconds / 2}, introductions_, press_, std::move(routes), [this](const std::string& line) { tell_(line); });
    }
  }
  ~Connections() {
    if (relay_) relay_->close();
    couriers_.clear();
    door_.close();
  }

  Introductions& introductions() { return introductions_; }
  LetterBox& box() { return box_; }
  void send(PeerMessage message) { couriers_.at(message.to)->post(std::move(message)); }
  /// What came up in other threads. @throws Error as Introductions::require_company.
  void look() {
    for (const std::string& warning : introductions_.take_warnings()) tell_("!" + warning);
    for (const std::string& warning : box_.take_warnings()) tell_("!" + warning);
    introductions_.require_company();
    door_.tick();
  }

 private:
  Telling& tell_;
  Introductions introductions_;
  LetterBox box_;
  PeerDesk desk_;
  Door door_;
  LetterPress press_;
  std::optional<RelayClient> relay_;
  std::map<std::string, std::unique_ptr<Courier>> couriers_;
  std::optional<PeerServer> server_;
  std::optional<RelayCollector> collector_;
};

/// The training of one round, in a thread of its own: a peer answers while it trains.
struct Job {
  RoundPlan plan;
  ModelState base;
  std::future<Update> update;
};

/// One peer's state machine, its disk and its letters: the only thread that touches them.
class PeerProcess {
 public:
  PeerProcess(const PeerSiteOptions& options, const PeerSettings& settings, Trainer& trainer, Connections& connections, PeerStore& store, Telling& tell, const std::atomic<bool>* stop)
      : options_(options), settings_(settings), trainer_(trainer), connections_(connections), store_(store), tell_(tell), stop_(stop) {}

  /// Waits until all others have been met, or the time is over.
  void gather() {
    const double end = steady_seconds() + options_.gather_seconds;
    for (auto missing = connections_.introductions().missing(); !missing.empty() && steady_seconds() < end; missing = connections_.introductions().missing()) {
      throw_if_stopped(stop_);
      connections_.look();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    const auto missing = connections_.introductions().missing();
    require(missing.size() + 1 < settings_.peers.size(), ErrorCode::kUnreachable, "none of the other peers was met within " + std::to_string(static_cast<int>(options_.gather_seconds)) + " s");
    for (const std::string& peer : missing) tell_("!\"" + peer + "\" was not met; going on without it until it is heard of");
  }

  void play(std::unique_ptr<Peer> peer) {
    peer_ = std::move(peer);
    settle();
    double next_tick = 0, leave_at = 0;
    while (leave_at == 0 || steady_seconds() < leave_at) {
      throw_if_stopped(stop_);
      connections_.look();
      if (auto letter = connections_.box().next(std::clamp(next_tick - steady_seconds(), 0.0, kLookSeconds))) receive(std::move(*letter));
      if (job_ && job_->update.wait_for(std::chrono::seconds(0)) == std::future_status::ready) {
        Update update = job_->update.get();
        job_.reset();
        peer_->trained(std::move(update), steady_seconds());
        settle();
      }
      if (steady_seconds() >= next_tick) {
        next_tick = steady_seconds() + settings_.liveness_seconds / 8;
        peer_->tick(steady_seconds());
        settle();
      }
      if (peer_->is_finished() && leave_at == 0) {
        tell_("finished; helping the others to their end");
        leave_at = steady_seconds() + options_.linger_seconds;
        next_tick = 0;  // the others are told
      }
      if (leave_at != 0 && are_all_at_the_end() && next_tick != 0) leave_at = std::min(leave_at, std::max(steady_seconds(), told_end_at_ + kLookSeconds));
    }
  }
  const PeerRecord& record() const { return peer_->record(); }

 private:
  void receive(LetterBox::Received letter) {
    PeerMessage& m = letter.message;
    m.to = options_.name;  // or it would not have been let in
    const std::uint64_t before = peer_->version();
    if (m.kind == PeerMessageKind::kAlive) at_[m.from] = std::max(at_[m.from], m.round);
    const bool taken = peer_->receive(m, steady_seconds());
    settle();
    // Not kept, what is said again anyway.
    if (taken || m.kind == PeerMessageKind::kAlive || m.kind == PeerMessageKind::kAsk || m.kind == PeerMessageKind::kState) connections_.box().remove(letter.number);
    else connections_.box().put_back(letter.number);
    if (peer_->version() != before) connections_.box().retry();
  }

  /// What is to be done after each call of the state machine: save, then send, then train.
  void settle() {
    if (saved_ != peer_->version()) {
      store_.save(peer_->record());
      saved_ = peer_->version();
      connections_.box().retry();
    }
    for (PeerMessage& message : peer_->take_outgoing()) {
      if (peer_->is_finished() && message.kind == PeerMessageKind::kAlive) told_end_at_ = steady_seconds();
      connections_.send(std::move(message));
    }
    for (const std::string& line : peer_->take_events()) tell_(line);
    const auto work = peer_->work(steady_seconds());
    if (!work) return;
    tell_(work->plan.is_last_look() ? "validating the final model" : "round " + std::to_string(work->plan.round + 1) + " of " + std::to_string(work->plan.rounds) + ": training");
    job_.emplace(Job{work->plan, *work->base, {}});
    job_->update = std::async(std::launch::async, [this] {
      Update update = take_part(trainer_, options_.name, job_->plan, job_->base);
      connections_.box().wake();
      return update;
    });
  }

  bool are_all_at_the_end() const {
    if (told_end_at_ == 0) return false;
    const std::int64_t end = peer_->record().run.round;
    return std::all_of(settings_.peers.begin(), settings_.peers.end(), [&](const std::string& peer) {
      const auto at = at_.find(peer);
      return peer == options_.name || (at != at_.end() && at->second >= end);
    });
  }

  const PeerSiteOptions& options_;
  const PeerSettings& settings_;
  Trainer& trainer_;
  Connections& connections_;
  PeerStore& store_;
  Telling& tell_;
  const std::atomic<bool>* stop_;
  std::unique_ptr<Peer> peer_;
  std::optional<Job> job_;
  std::optional<std::uint64_t> saved_;
  std::map<std::string, std::int64_t> at_;  ///< the round that each of the others has told last
  double told_end_at_ = 0;
};

}  // namespace

PeerRecord run_peer(const PeerSiteOptions& options, const PeerSettings& settings, const ModelState& initial, Trainer& trainer, const std::function<void(const std::string&)>& on_event, const std::atomic<bool>* stop) {
  Telling tell(on_event);
  validate(settings);
  read_peer_files(options.tls, options.name);  // said here what is wrong with them, before anything else
  PeerSettings sorted = settings;
  std::sort(sorted.peers.begin(), sorted.peers.end());
  PeerStore store(options.folder / "peer", sorted, options.name);
  auto saved = store.load();
  const fs::path finished = options.folder / "finished";
  if (saved && fs::exists(finished)) return *std::move(saved);  // the others may be gone
  Connections connections(options, sorted, initial, tell);
  PeerProcess process(options, sorted, trainer, connections, store, tell, stop);
  if (!saved) process.gather();
  process.play(saved ? resume_peer(sorted, options.name, *std::move(saved), steady_seconds()) : make_peer(sorted, options.name, initial, steady_seconds()));
  write_file(finished, options.run + "\n");
  return process.record();
}

}  // namespace consilium::fl
