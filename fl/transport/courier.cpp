#include "fl/transport/courier.h"

#include <algorithm>
#include <sstream>

#include "base/error.h"
#include "fl/transport/peer_desk.h"

namespace consilium::fl {
namespace {

constexpr double kGreetingSeconds = 1;
constexpr std::size_t kMostQueued = 256;

bool has_content(const PeerMessage& m) { return m.delta || !m.weights.empty() || !m.reports.empty(); }

/// Equal prints: the same letter. Models are told apart by their addresses, which holds as long as somebody holds them.
std::string print_of(const PeerMessage& m) {
  std::ostringstream print;
  print << slot_of(m) << ' ' << m.round << ' ' << m.view << ' ' << m.digest << ' ' << m.accepted_view << ' ' << m.reports.size() << ' ' << m.delta.get();
  for (const SharedModel& model : m.weights) print << ' ' << model.get();
  for (const auto& [site, why] : m.blamed) print << ' ' << site << ' ' << why;
  for (const RoundReport& report : m.reports) print << ' ' << report.round << ' ' << report.result_digest;
  return print.str();
}

std::chrono::duration<double> seconds(double count) { return std::chrono::duration<double>(count); }

}  // namespace

std::shared_ptr<const LetterBody> LetterPress::print(const PeerMessage& message) {
  const std::string key = print_of(message);
  const std::lock_guard lock(guard_);  // whoever needs the same letter waits for it
  std::erase_if(printed_, [](const auto& entry) { return entry.second.expired(); });
  std::shared_ptr<const Printed> printed = printed_.contains(key) ? printed_[key].lock() : nullptr;
  if (!printed) {
    printed = std::make_shared<const Printed>(Printed{encode_body(message), message});
    printed_[key] = printed;
  }
  return {printed, &printed->body};
}

Courier::Courier(CourierOptions options, Introductions& introductions, LetterPress& press, Routes routes, std::function<void(const std::string&)> on_event)
    : options_(std::move(options)), introductions_(introductions), press_(press), routes_(std::move(routes)), on_event_(std::move(on_event)), resting_until_(routes_.size()), pauses_(routes_.size()) {
  small_.greets = true;
  for (Lane* lane : {&small_, &big_}) lane->thread = std::thread([this, lane] { run(*lane); });
}

Courier::~Courier() {
  {
    const std::lock_guard lock(guard_);
    stopping_ = true;
    changed_.notify_all();
  }
  for (const auto& route : routes_) route->close();
  for (Lane* lane : {&small_, &big_}) lane->thread.join();
}

void Courier::post(PeerMessage message) {
  const std::lock_guard lock(guard_);
  Lane& lane = has_content(message) ? big_ : small_;
  if (&lane == &big_ && !is_new(lane, message)) return;
  const std::string slot = slot_of(message);
  // What a newer word replaces, and what is of rounds long gone, nobody needs; what is needed the postbox repeats.
  std::erase_if(lane.queue, [&](const PeerMessage& old) { return slot_of(old) == slot || old.round + 1 < message.round; });
  if (lane.queue.size() >= kMostQueued) lane.queue.pop_front();
  lane.queue.push_back(std::move(message));
  changed_.notify_all();
}

bool Courier::is_new(Lane& lane, const PeerMessage& message) {
  const auto now = Clock::now();
  std::erase_if(lane.sent, [&](const auto& entry) { return now - entry.second.second > seconds(options_.repeat_seconds); });
  const auto found = lane.sent.find(slot_of(message));
  return found == lane.sent.end() || found->second.first != print_of(message);
}

void Courier::run(Lane& lane) {
  Clock::time_point greeted{};
  std::unique_lock lock(guard_);
  while (!stopping_) {
    if (lane.greets && Clock::now() - greeted > seconds(kGreetingSeconds) && introductions_.take_greeting(options_.peer)) {
      greeted = Clock::now();
      lock.unlock();
      greet();
      lock.lock();
    }
    if (lane.queue.empty()) {
      changed_.wait_for(lock, std::chrono::milliseconds(lane.greets ? 200 : 1000));
      continue;
    }
    PeerMessage message = std::move(lane.queue.front());
    lane.queue.pop_front();
    const std::string slot = slot_of(message), print = print_of(message);
    if (&lane == &big_) lane.sent[slot] = {print, Clock::time_point::max() - std::chrono::hours(1)};  // on its way: the same is not queued behind it
    lock.unlock();
    bool done = true;
    std::string trouble;
    try {
      deliver(message);
    } catch (const RouteBroken& broken) {
      done = false;
      trouble = broken.reason;
    } catch (const Error& error) {  // the other side does not want it: repeating it is the postbox's affair
      introductions_.note_refusal(options_.peer, error);
    }
    lock.lock();
    if (&lane == &big_) {
      if (done) lane.sent[slot].second = Clock::now();
      else lane.sent.erase(slot);
    }
    if (done) {
      told_.clear();
      continue;
    }
    tell(trouble);
    const bool is_replaced = std::any_of(lane.queue.begin(), lane.queue.end(), [&](const PeerMessage& newer) { return slot_of(newer) == slot || newer.round > message.round + 1; });
    if (!is_replaced) lane.queue.push_front(std::move(message));
    const auto rest = *std::min_element(resting_until_.begin(), resting_until_.end());
    changed_.wait_until(lock, rest, [&] { return stopping_; });
  }
}

void Courier::tell(const std::string& trouble) {
  if (trouble.empty() || trouble == told_) return;
  told_ = trouble;
  on_event_("no way to \"" + options_.peer + "\" (" + trouble + "); trying again");
}

void Courier::greet() {
  try {
    const pb::Piece hello = hello_piece(introductions_, options_.peer);
    over_a_route([&](PeerRoute& route) { route.hand_over({"hello", hello.letter(), 1}, hello, 0); });
  } catch (const RouteBroken& broken) {
    const std::lock_guard lock(guard_);
    tell(broken.reason);
  } catch (const Error& error) {  // it does not want to know us
    introductions_.note_refusal(options_.peer, error);
  }
}

void Courier::deliver(const PeerMessage& message) {
  const std::shared_ptr<const LetterBody> body = press_.print(message);
  const pb::Letter letter = to_message(message, *body);
  const Envelope envelope{slot_of(message), letter_name(options_.own, options_.peer, letter), static_cast<std::uint32_t>(1 + body->list.hashes.size())};
  over_a_route([&](PeerRoute& route) {
    pb::Piece piece = empty_piece(introductions_.own(), options_.peer, envelope.letter);
    *piece.mutable_head() = letter;
    for (const std::uint64_t index : route.hand_over(envelope, piece, 0)) {
      require(index < body->list.hashes.size(), ErrorCode::kCorruptData, "\"" + options_.peer + "\" asks for a chunk that there is not");
      piece.mutable_chunk()->set_sha256(body->list.hashes[index]);
      piece.mutable_chunk()->set_data(std::string(chunk_of(body->bytes, index)));
      route.hand_over(envelope, piece, static_cast<std::uint32_t>(index + 1));
    }
  });
}

void Courier::over_a_route(const std::function<void(PeerRoute&)>& send) {
  RouteBroken last{};  // without a reason: every way is resting
  for (std::size_t n = 0; n < routes_.size(); ++n) {
    {
      const std::lock_guard lock(guard_);
      if (Clock::now() < resting_until_[n]) continue;
    }
    try {
      send(*routes_[n]);
      const std::lock_guard lock(guard_);
      pauses_[n].reset();
      introductions_.note_accepted(options_.peer);
      return;
    } catch (const RouteBroken& broken) {
      last = broken;
      const std::lock_guard lock(guard_);
      resting_until_[n] = Clock::now() + std::chrono::duration_cast<Clock::duration>(seconds(pauses_[n].seconds()));
      pauses_[n].grow();
    }
  }
  throw last;
}

}  // namespace consilium::fl
