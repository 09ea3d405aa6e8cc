#include "fl/transport/federation_service.h"

#include <algorithm>
#include <chrono>

#include "base/progress.h"
#include "fl/round_protocols.h"
#include "fl/transport/channel.h"
#include "fl/transport/status.h"
#include "fl/wall_clock.h"

namespace consilium::fl {
namespace {

using Clock = std::chrono::steady_clock;
using grpc::Status;

constexpr const char* kDisplaced = "another process has connected with this site's certificate; only one may take part";

}  // namespace

/// However a stream ends, nobody is there any more.
struct FederationService::Leaving {
  FederationService& service;
  const std::string& site;
  std::uint64_t ticket;
  ~Leaving() {
    const std::lock_guard lock(service.guard_);
    service.presence_.leave(site, ticket);
  }
};

/// The site's open Watch stream, as the observer sees it.
struct FederationService::Stream {
  Stream(Observer& o, std::string name) : observer(o), site(std::move(name)) { observer.connected(site); }
  ~Stream() { observer.disconnected(site); }
  Stream(const Stream&) = delete;
  Observer& observer;
  std::string site;
};

FederationService::FederationService(Coordinator coordinator, RunStore store, Door& door, Observer& observer, const fs::path& folder, std::function<void(const RoundReport&)> on_round)
    : coordinator_(std::move(coordinator)), store_(std::move(store)), door_(door), observer_(observer), on_round_(std::move(on_round)), uploads_(folder / "uploads") {
  coordinator_.on_global([this](const ModelState& global, std::int64_t trainings) { store_.write_ahead(global, trainings); });
  announce();
}

Status FederationService::Watch(grpc::ServerContext* context, const pb::WatchRequest* request, grpc::ServerWriter<pb::Announcement>* writer) {
  return admitted(door_, *context, Right::kWatch, [&](const Caller& caller) {
    const std::string& site = caller.name;
    context->AddInitialMetadata(kClockKey, std::to_string(door_.now()));
    require_speaks(site, *request);
    std::uint64_t seen = 0;
    // Of who only watches there may be several.
    const std::string seat = caller.role == Role::kSite ? site : site + " " + request->instance();
    const std::uint64_t ticket = arrive(seat, request->instance());
    const Leaving leaving{*this, seat, ticket};
    std::optional<Stream> stream;
    if (caller.role == Role::kSite) stream.emplace(observer_, site);
    for (;;) {
      pb::Announcement message;
      {
        std::unique_lock lock(guard_);
        // Woken now and then to notice that the site has hung up.
        changed_.wait_for(lock, std::chrono::milliseconds(200), [&] { return offers_.version() != seen || closing_ || !presence_.is_current(seat, ticket); });
        if (presence_.is_displaced(seat, ticket)) refuse(site, ErrorCode::kRefused, kDisplaced);
        if (closing_ || context->IsCancelled() || !presence_.is_current(seat, ticket)) return;
        door_.require_current(caller);
        if (offers_.version() == seen) continue;
        seen = offers_.version();
        message = to_message(offers_.announced_to(site, coordinator_));
      }
      if (!writer->Write(message)) return;
    }
  });
}

Status FederationService::FetchModel(grpc::ServerContext* context, const pb::FetchModelRequest* request, grpc::ServerWriter<pb::Chunk>* writer) {
  return admitted(door_, *context, Right::kTakePart, [&](const Caller& caller) {
    std::shared_ptr<const Parcel> parcel;
    bool finished = false;
    std::int64_t round = 0;
    {
      const std::lock_guard lock(guard_);
      parcel = offers_.parcel(request->digest());
      finished = offers_.announced().finished;
      round = offers_.announced().plan.round;
    }
    const double began = steady_seconds();
    std::uint64_t sent = 0;
    for (std::size_t n = request->first_chunk(); n < parcel->chunks.list.hashes.size(); ++n) {
      pb::Chunk chunk;
      chunk.set_sha256(parcel->chunks.list.hashes[n]);
      chunk.set_data(parcel->chunks.chunk(n));
      door_.require_current(caller);
      if (!writer->Write(chunk)) return;
      sent += chunk.data().size();
    }
    observer_.model_sent(caller.name, round, sent, steady_seconds() - began);
    if (finished && request->first_chunk() >= parcel->chunks.list.hashes.size()) {  // it says: I have it
      const std::lock_guard lock(guard_);
      served_.insert(caller.name);
      changed_.notify_all();
    }
  });
}

Status FederationService::OfferUpdate(grpc::ServerContext* context, const pb::UpdateOffer* request, pb::MissingChunks* response) {
  return admitted(door_, *context, Right::kTakePart, [&](const Caller& caller) {
    const std::string& site = caller.name;
    std::shared_ptr<Upload> upload;
    std::int64_t round = 0;
    {
      const std::lock_guard lock(guard_);
      // Weights and names of an update take what those of the model take; the rest is room for the header.
      Offer offer = from_message(*request, offers_.model_bytes() + (1 << 20));
      require(coordinator_.settings().protection.is_plain(), ErrorCode::kMismatch, "the plan protects updates: one that is not protected is not taken");
      if (coordinator_.has_answered(site, offer.update)) return;  // it lies on disk, and is not written to again
      round = offer.update.round;
      upload = uploads_.offer(site, std::move(offer));
    }
    name_missing(site, round, *upload, *response);
  });
}

Status FederationService::OfferStageFile(grpc::ServerContext* context, const pb::StageAnswer* request, pb::MissingChunks* response) {
  return admitted(door_, *context, Right::kTakePart, [&](const Caller& caller) {
    std::shared_ptr<Upload> upload;
    std::int64_t round = 0;
    {
      const std::lock_guard lock(guard_);
      if (coordinator_.is_finished()) return;  // as an answer after the end
      require(coordinator_.protocol() != nullptr, ErrorCode::kMismatch, "the updates of this federation are not protected: there is no stage to answer");
      const StageAnswer answer = from_message(*request);
      if (!is_waited_for(caller.name) || !is_of_present_stage(caller.name, answer)) return;  // it is here, or is not wanted any more
      Offer offer;
      offer.update.round = round = answer.round;
      offer.delta = file_of(*request, coordinator_.protocol()->most_file_bytes());
      upload = uploads_.offer(caller.name, std::move(offer));
    }
    name_missing(caller.name, round, *upload, *response);
  });
}

Status FederationService::AnswerStage(grpc::ServerContext* context, const pb::StageAnswer* request, pb::Receipt* response) {
  return admitted(door_, *context, Right::kTakePart, [&](const Caller& caller) {
    const std::lock_guard lock(guard_);
    const Receipt receipt = judge_answer(caller.name, *request);
    if (receipt.kind == ReceiptKind::kRejected) log_warning(receipt.reason);
    *response = to_message(receipt);
    advance_locked();
  });
}

Status FederationService::SendChunks(grpc::ServerContext* context, grpc::ServerReader<pb::Chunk>* reader, pb::SendChunksResponse*) {
  return admitted(door_, *context, Right::kTakePart, [&](const Caller& caller) {
    const std::shared_ptr<Upload> upload = find_upload(caller.name);
    pb::Chunk chunk;
    while (reader->Read(&chunk)) {
      door_.require_current(caller);
      upload->add(chunk);
      observer_.received(caller.name, chunk.data().size());
    }
  });
}

Status FederationService::CommitUpdate(grpc::ServerContext* context, const pb::CommitUpdateRequest*, pb::Receipt* response) {
  return admitted(door_, *context, Right::kTakePart, [&](const Caller& caller) {
    const std::string& site = caller.name;
    const std::lock_guard lock(guard_);
    const Receipt receipt = judge(site);
    if (receipt.kind == ReceiptKind::kRejected) log_warning(receipt.reason);
    *response = to_message(receipt);
    advance_locked();
  });
}

Status FederationService::Decline(grpc::ServerContext* context, const pb::DeclineRequest* request, pb::DeclineResponse*) {
  return admitted(door_, *context, Right::kTakePart, [&](const Caller& caller) {
    const std::lock_guard lock(guard_);
    if (coordinator_.is_finished() || request->round() != coordinator_.state().round) return;  // of a round that is over: the site will see the next plan
    tell_declined(caller.name, coordinator_.decline(caller.name, request->reason()));
    advance_locked();
  });
}

bool FederationService::advance() {
  const std::lock_guard lock(guard_);
  advance_locked();
  if (!coordinator_.is_finished()) observer_.tick(coordinator_, steady_seconds());
  return coordinator_.is_finished();
}

void FederationService::linger(double seconds, const std::atomic<bool>* stop) {
  std::unique_lock lock(guard_);
  const std::vector<std::string>& sites = coordinator_.settings().sites;
  auto last_seen = Clock::now();
  while (served_.size() < sites.size() && Clock::now() < last_seen + std::chrono::duration<double>(seconds) && !(stop != nullptr && *stop)) {
    changed_.wait_for(lock, std::chrono::milliseconds(100));
    if (std::any_of(sites.begin(), sites.end(), [&](const std::string& site) { return !served_.contains(site) && presence_.is_there(site); })) last_seen = Clock::now();
  }
}

void FederationService::close() {
  const std::lock_guard lock(guard_);
  closing_ = true;
  changed_.notify_all();
}

void FederationService::require_hope() {
  const std::lock_guard lock(guard_);
  if (!coordinator_.is_abandoned(steady_seconds())) return;
  std::string names;
  for (const std::string& site : coordinator_.waiting_for()) names += (names.empty() ? "" : ", ") + site;
  throw Error(ErrorCode::kUnreachable, "round " + std::to_string(coordinator_.state().round + 1) + " has waited for its quorum longer than policy.abandon_seconds; missing: " + names + ". Started again, it goes on from here");
}

void FederationService::rethrow_failure() {
  const std::lock_guard lock(guard_);
  if (failure_) throw Error(*failure_);
}

void FederationService::refuse(const std::string& site, ErrorCode code, const std::string& why) {
  door_.note_refusal(site, why, true);
  throw Error(code, why);
}

void FederationService::require_speaks(const std::string& site, const pb::WatchRequest& request) {
  if (request.protocol_version() != 1) refuse(site, ErrorCode::kMismatch, "protocol version " + std::to_string(request.protocol_version()) + " is not spoken here, only 1");
  const std::string codec(to_string(coordinator_.settings().compression.codec));
  const bool speaks = codec == to_string(Codec::kNone) || std::find(request.codecs().begin(), request.codecs().end(), codec) != request.codecs().end();
  if (!speaks) refuse(site, ErrorCode::kMismatch, "the plan compresses updates with codec " + codec + ", which this site does not speak");
  for (const std::string& protection : protections_of(coordinator_.settings().protection))
    if (std::find(request.protections().begin(), request.protections().end(), protection) == request.protections().end())
      refuse(site, ErrorCode::kMismatch, "the plan protects updates by " + protection + ", which this site does not speak");
}

std::uint64_t FederationService::arrive(const std::string& site, const std::string& instance) {
  const std::lock_guard lock(guard_);
  const std::uint64_t ticket = presence_.arrive(site, instance);
  changed_.notify_all();
  return ticket;
}

std::shared_ptr<Upload> FederationService::find_upload(const std::string& site) {
  const std::lock_guard lock(guard_);
  return uploads_.find(site);
}

void FederationService::name_missing(const std::string& site, std::int64_t round, const Upload& upload, pb::MissingChunks& response) {
  std::uint64_t missing_bytes = 0;
  for (const std::uint64_t index : upload.missing()) {
    response.add_index(index);
    missing_bytes += std::min<std::uint64_t>(kChunkBytes, upload.size_bytes() - index * kChunkBytes);
  }
  observer_.offered(site, round, upload.size_bytes() - missing_bytes, upload.size_bytes());
}

Receipt FederationService::judge_answer(const std::string& site, const pb::StageAnswer& message) {
  require(coordinator_.protocol() != nullptr || coordinator_.is_finished(), ErrorCode::kMismatch, "the updates of this federation are not protected: there is no stage to answer");
  if (coordinator_.is_finished()) return {ReceiptKind::kStale, "the federation is finished"};
  StageAnswer answer = from_message(message);
  const bool has_file = message.has_file() && is_waited_for(site) && is_of_present_stage(site, answer);
  if (has_file) {
    require(uploads_.find(site)->is_whole(file_of(message, coordinator_.protocol()->most_file_bytes())), ErrorCode::kMismatch, "the file of this answer is not here");
    answer.file = uploads_.keep(site);  // under a name that no later offer of the site writes to
  }
  const Receipt receipt = coordinator_.answer(site, answer, steady_seconds());
  if (has_file || receipt.kind == ReceiptKind::kRejected) tell_judged(site, answer.round, receipt);
  return receipt;
}

bool FederationService::is_of_present_stage(const std::string& site, const StageAnswer& answer) const {
  const auto stage = coordinator_.protocol()->stage_for(site);
  return stage && stage->attempt == answer.attempt && stage->step == answer.step && answer.round == coordinator_.state().round;
}

bool FederationService::is_waited_for(const std::string& site) const {
  const std::vector<std::string> names = coordinator_.waiting_for();
  return std::find(names.begin(), names.end(), site) != names.end();
}

Receipt FederationService::judge(const std::string& site) {
  if (coordinator_.has_answered(site)) {
    observer_.duplicate(site, coordinator_.state().round);
    return {ReceiptKind::kDuplicate, ""};
  }
  const std::shared_ptr<Upload> upload = uploads_.find(site);
  Receipt receipt;
  try {
    receipt = coordinator_.receive(site, upload->finished(coordinator_.settings().compression.codec, coordinator_.state().global));
  } catch (const Error& error) {
    if (!upload->missing().empty()) throw;
    receipt = coordinator_.reject(site, error.what());  // weights that cannot be read are this site's failure in this round
  }
  if (receipt.kind == ReceiptKind::kAccepted) uploads_.accept(site);
  else uploads_.drop(site);
  observer_.judged(site, upload->offered(), receipt);
  return receipt;
}

void FederationService::tell_declined(const std::string& site, const Receipt& receipt) {
  tell_judged(site, coordinator_.state().round, receipt);
  log_warning("site " + site + ": " + receipt.reason);
}

void FederationService::tell_judged(const std::string& site, std::int64_t round, const Receipt& receipt) {
  Update unseen;
  unseen.round = round;
  observer_.judged(site, unseen, receipt);
}

void FederationService::advance_locked() {
  try {
    while (const auto report = coordinator_.advance(steady_seconds())) {
      store_.save(coordinator_.state());
      uploads_.clear();
      observer_.tell_of(*report, coordinator_);
      announce();
      if (on_round_) on_round_(*report);
      if (coordinator_.is_finished()) continue;
      for (const auto& [site, reason] : coordinator_.declined()) tell_declined(site, {ReceiptKind::kRejected, reason});  // in this round too
    }
    if (!offers_.has_new_stage(coordinator_)) return;
    offers_.renew_stage(coordinator_);
    changed_.notify_all();
  } catch (const Error& error) {
    failure_ = error;
    throw;
  }
}

void FederationService::announce() {
  offers_.renew(coordinator_, store_);
  changed_.notify_all();
}

}  // namespace consilium::fl
