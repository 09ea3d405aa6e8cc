#include "fl/transport/server.h"

#include <grpcpp/grpcpp.h>
#include <malloc.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "consilium/fl/v1/federation.grpc.pb.h"
#include "fl/enrol/door.h"
#include "fl/round_protocols.h"
#include "fl/run_store.h"
#include "fl/transport/channel.h"
#include "fl/transport/enrolment_server.h"
#include "fl/transport/ledger_service.h"
#include "fl/transport/listen.h"
#include "fl/transport/member_services.h"
#include "fl/transport/metrics_server.h"
#include "fl/transport/presence.h"
#include "fl/transport/status.h"
#include "fl/transport/progress_service.h"
#include "fl/transport/tensorboard_file.h"
#include "fl/transport/uploads.h"
#include "fl/wall_clock.h"
#include "fl/wire/messages.h"

namespace consilium::fl {
namespace {

using Clock = std::chrono::steady_clock;
using grpc::Status;

/// A model as it travels: its file, open, so that a site that is fetching it can go on after the round has moved on.
struct Parcel {
  std::string digest;
  FileChunks chunks;
};

constexpr const char* kDisplaced = "another process has connected with this site's certificate; only one may take part";

/// The state machine, the store and the open uploads, behind one lock.
class Service final : public pb::Federation::Service {
 public:
  Service(Coordinator coordinator, RunStore store, Door& door, Observer& observer, const fs::path& folder, std::function<void(const RoundReport&)> on_round)
      : coordinator_(std::move(coordinator)), store_(std::move(store)), door_(door), observer_(observer), on_round_(std::move(on_round)), uploads_(folder / "uploads") {
    coordinator_.on_global([this](const ModelState& global, std::int64_t trainings) { store_.write_ahead(global, trainings); });
    announce();
  }

  Status Watch(grpc::ServerContext* context, const pb::WatchRequest* request, grpc::ServerWriter<pb::Announcement>* writer) override {
    return admitted(door_, *context, Right::kWatch, [&](const Caller& caller) {
      const std::string& site = caller.name;
      context->AddInitialMetadata(kClockKey, std::to_string(door_.now()));
      require_speaks(site, *request);
      std::uint64_t seen = 0;
      const std::uint64_t ticket = arrive(site, request->instance());
      const Leaving leaving{*this, site, ticket};
      std::optional<Stream> stream;
      if (caller.role == Role::kSite) stream.emplace(observer_, site);
      for (;;) {
        pb::Announcement message;
        {
          std::unique_lock lock(guard_);
          // Woken now and then to notice that the site has hung up.
          changed_.wait_for(lock, std::chrono::milliseconds(200), [&] { return version_ != seen || closing_ || !presence_.is_current(site, ticket); });
          if (presence_.is_displaced(site, ticket)) refuse(site, ErrorCode::kRefused, kDisplaced);
          if (closing_ || context->IsCancelled() || !presence_.is_current(site, ticket)) return;
          door_.require_current(caller);
          if (version_ == seen) continue;
          seen = version_;
          Announced announced = announced_;
          announced.idle = !announced_.finished && !coordinator_.is_asked(site);
          if (coordinator_.protocol() != nullptr && !announced.idle) announced.stage = coordinator_.protocol()->stage_for(site);
          message = to_message(announced);
        }
        if (!writer->Write(message)) return;
      }
    });
  }

  Status FetchModel(grpc::ServerContext* context, const pb::FetchModelRequest* request, grpc::ServerWriter<pb::Chunk>* writer) override {
    return admitted(door_, *context, Right::kTakePart, [&](const Caller& caller) {
      std::shared_ptr<const Parcel> parcel;
      bool finished = false;
      std::int64_t round = 0;
      {
        const std::lock_guard lock(guard_);
        parcel = stage_parcel_ && request->digest() == stage_parcel_->digest ? stage_parcel_ : parcel_;
        finished = announced_.finished;
        round = announced_.plan.round;
      }
      require(request->digest() == parcel->digest, ErrorCode::kNotFound, "that model is not offered any more; the newest announcement names the one that is");
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

  Status OfferUpdate(grpc::ServerContext* context, const pb::UpdateOffer* request, pb::MissingChunks* response) override {
    return admitted(door_, *context, Right::kTakePart, [&](const Caller& caller) {
      const std::string& site = caller.name;
      std::shared_ptr<Upload> upload;
      std::int64_t round = 0;
      {
        const std::lock_guard lock(guard_);
        // Weights and names of an update take what those of the model take; the rest is room for the header.
        Offer offer = from_message(*request, parcel_->chunks.list.size_bytes + (1 << 20));
        require(coordinator_.settings().protection.is_plain(), ErrorCode::kMismatch, "the plan protects updates: one that is not protected is not taken");
        if (coordinator_.has_answered(site, offer.update)) return;  // it lies on disk, and is not written to again
        round = offer.update.round;
        upload = uploads_.offer(site, std::move(offer));
      }
      name_missing(site, round, *upload, *response);
    });
  }

  Status OfferStageFile(grpc::ServerContext* context, const pb::StageAnswer* request, pb::MissingChunks* response) override {
    return admitted(door_, *context, Right::kTakePart, [&](const Caller& caller) {
      std::shared_ptr<Upload> upload;
      std::int64_t round = 0;
      {
        const std::lock_guard lock(guard_);
        require(coordinator_.protocol() != nullptr, ErrorCode::kMismatch, "the updates of this federation are not protected: there is no stage to answer");
        OfferedAnswer offered = from_message(*request, most_answer_bytes());
        if (!is_waited_for(caller.name) || !is_of_present_stage(caller.name, offered.answer)) return;  // it is here, or is not wanted any more
        Offer offer;
        offer.update.round = round = offered.answer.round;
        offer.delta = std::move(offered.file);
        upload = uploads_.offer(caller.name, std::move(offer));
      }
      name_missing(caller.name, round, *upload, *response);
    });
  }

  Status AnswerStage(grpc::ServerContext* context, const pb::StageAnswer* request, pb::Receipt* response) override {
    return admitted(door_, *context, Right::kTakePart, [&](const Caller& caller) {
      const std::lock_guard lock(guard_);
      const Receipt receipt = judge_answer(caller.name, *request);
      if (receipt.kind == ReceiptKind::kRejected) log_warning(receipt.reason);
      *response = to_message(receipt);
      advance_locked();
    });
  }

  Status SendChunks(grpc::ServerContext* context, grpc::ServerReader<pb::Chunk>* reader, pb::SendChunksResponse*) override {
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

  Status CommitUpdate(grpc::ServerContext* context, const pb::CommitUpdateRequest*, pb::Receipt* response) override {
    return admitted(door_, *context, Right::kTakePart, [&](const Caller& caller) {
      const std::string& site = caller.name;
      const std::lock_guard lock(guard_);
      const Receipt receipt = judge(site);
      if (receipt.kind == ReceiptKind::kRejected) log_warning(receipt.reason);
      *response = to_message(receipt);
      advance_locked();
    });
  }

  Status Decline(grpc::ServerContext* context, const pb::DeclineRequest* request, pb::DeclineResponse*) override {
    return admitted(door_, *context, Right::kTakePart, [&](const Caller& caller) {
      const std::lock_guard lock(guard_);
      if (coordinator_.is_finished() || request->round() != coordinator_.state().round) return;  // of a round that is over: the site will see the next plan
      tell_declined(caller.name, coordinator_.decline(caller.name, request->reason()));
      advance_locked();
    });
  }

  /// Lets deadlines pass. True when the federation is over.
  bool advance() {
    const std::lock_guard lock(guard_);
    advance_locked();
    if (!coordinator_.is_finished()) observer_.tick(coordinator_, steady_seconds());
    return coordinator_.is_finished();
  }

  /// Waits until every site of the federation has the best model, or none of those that have not was connected for `seconds`, or `stop`. A slow link may take an hour for it,
  /// and how much of what we wrote has arrived is not ours to see: a connection that lives (keepalive) is what counts.
  void linger(double seconds, const std::atomic<bool>* stop) {
    std::unique_lock lock(guard_);
    const std::vector<std::string>& sites = coordinator_.settings().sites;
    auto last_seen = Clock::now();
    while (served_.size() < sites.size() && Clock::now() < last_seen + std::chrono::duration<double>(seconds) && !(stop != nullptr && *stop)) {
      changed_.wait_for(lock, std::chrono::milliseconds(100));
      if (std::any_of(sites.begin(), sites.end(), [&](const std::string& site) { return !served_.contains(site) && presence_.is_there(site); })) last_seen = Clock::now();
    }
  }

  void close() {
    const std::lock_guard lock(guard_);
    closing_ = true;
    changed_.notify_all();
  }

  RunState take_state() { return std::move(coordinator_).take_state(); }

  /// A run that waits for a quorum which does not come reaches an end too. @throws Error{kUnreachable}
  void require_hope() {
    const std::lock_guard lock(guard_);
    if (!coordinator_.is_abandoned(steady_seconds())) return;
    std::string names;
    for (const std::string& site : coordinator_.waiting_for()) names += (names.empty() ? "" : ", ") + site;
    throw Error(ErrorCode::kUnreachable, "round " + std::to_string(coordinator_.state().round + 1) + " has waited for its quorum longer than policy.abandon_seconds; missing: " + names + ". Started again, it goes on from here");
  }

  /// A failure of our own disk ends the run; it must not drown in a site's connection.
  void rethrow_failure() {
    const std::lock_guard lock(guard_);
    if (failure_) throw Error(*failure_);
  }

 private:
  /// Listed, and seen: a site that is turned away is no secret of the coordinator's log.
  [[noreturn]] void refuse(const std::string& site, ErrorCode code, const std::string& why) {
    door_.note_refusal(site, why, true);
    throw Error(code, why);
  }

  void require_speaks(const std::string& site, const pb::WatchRequest& request) {
    if (request.protocol_version() != 1) refuse(site, ErrorCode::kMismatch, "protocol version " + std::to_string(request.protocol_version()) + " is not spoken here, only 1");
    const std::string codec(to_string(coordinator_.settings().compression.codec));
    const bool speaks = codec == to_string(Codec::kNone) || std::find(request.codecs().begin(), request.codecs().end(), codec) != request.codecs().end();
    if (!speaks) refuse(site, ErrorCode::kMismatch, "the plan compresses updates with codec " + codec + ", which this site does not speak");
    for (const std::string& protection : protections_of(coordinator_.settings().protection))
      if (std::find(request.protections().begin(), request.protections().end(), protection) == request.protections().end())
        refuse(site, ErrorCode::kMismatch, "the plan protects updates by " + protection + ", which this site does not speak");
  }

  /// However a stream ends, nobody is there any more.
  struct Leaving {
    Service& service;
    const std::string& site;
    std::uint64_t ticket;
    ~Leaving() {
      const std::lock_guard lock(service.guard_);
      service.presence_.leave(site, ticket);
    }
  };

  std::uint64_t arrive(const std::string& site, const std::string& instance) {
    const std::lock_guard lock(guard_);
    const std::uint64_t ticket = presence_.arrive(site, instance);
    changed_.notify_all();
    return ticket;
  }

  std::shared_ptr<Upload> find_upload(const std::string& site) {
    const std::lock_guard lock(guard_);
    return uploads_.find(site);
  }

  void name_missing(const std::string& site, std::int64_t round, const Upload& upload, pb::MissingChunks& response) {
    std::uint64_t missing_bytes = 0;
    for (const std::uint64_t index : upload.missing()) {
      response.add_index(index);
      missing_bytes += std::min<std::uint64_t>(kChunkBytes, upload.size_bytes() - index * kChunkBytes);
    }
    observer_.offered(site, round, upload.size_bytes() - missing_bytes, upload.size_bytes());
  }

  Receipt judge_answer(const std::string& site, const pb::StageAnswer& message) {
    require(coordinator_.protocol() != nullptr || coordinator_.is_finished(), ErrorCode::kMismatch, "the updates of this federation are not protected: there is no stage to answer");
    if (coordinator_.is_finished()) return {ReceiptKind::kStale, "the federation is finished"};
    OfferedAnswer offered = from_message(message, most_answer_bytes());
    const bool has_file = offered.file.size_bytes > 0 && is_waited_for(site) && is_of_present_stage(site, offered.answer);
    if (has_file) {
      require(uploads_.find(site)->is_whole(offered.file), ErrorCode::kMismatch, "the file of this answer is not here");
      offered.answer.file = uploads_.keep(site);  // under a name that no later offer of the site writes to
    }
    const Receipt receipt = coordinator_.answer(site, offered.answer, steady_seconds());
    if (has_file || receipt.kind == ReceiptKind::kRejected) tell_judged(site, offered.answer.round, receipt);
    return receipt;
  }

  /// An answer to an attempt that was given up meanwhile is stale, and not too long because the present step has no file.
  std::uint64_t most_answer_bytes() {
    most_answer_bytes_ = std::max(most_answer_bytes_, coordinator_.protocol()->most_file_bytes());
    return most_answer_bytes_;
  }

  bool is_of_present_stage(const std::string& site, const StageAnswer& answer) const {
    const auto stage = coordinator_.protocol()->stage_for(site);
    return stage && stage->attempt == answer.attempt && stage->step == answer.step && answer.round == coordinator_.state().round;
  }

  bool is_waited_for(const std::string& site) const {
    const std::vector<std::string> names = coordinator_.waiting_for();
    return std::find(names.begin(), names.end(), site) != names.end();
  }

  /// Of the update that the site has offered and sent.
  Receipt judge(const std::string& site) {
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

  void tell_declined(const std::string& site, const Receipt& receipt) {
    tell_judged(site, coordinator_.state().round, receipt);
    log_warning("site " + site + ": " + receipt.reason);
  }

  /// Of a site whose update is not seen.
  void tell_judged(const std::string& site, std::int64_t round, const Receipt& receipt) {
    Update unseen;
    unseen.round = round;
    observer_.judged(site, unseen, receipt);
  }

  /// The site's open Watch stream, as the observer sees it.
  struct Stream {
    Stream(Observer& o, std::string name) : observer(o), site(std::move(name)) { observer.connected(site); }
    ~Stream() { observer.disconnected(site); }
    Stream(const Stream&) = delete;
    Observer& observer;
    std::string site;
  };

  void advance_locked() {
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
      if (stage_version_ != coordinator_.stage_version()) announce_stage();
    } catch (const Error& error) {
      failure_ = error;
      throw;
    }
  }

  void announce() {
    const RunState& state = coordinator_.state();
    const bool finished = coordinator_.is_finished();
    announced_.finished = finished;
    announced_.best_round = finished ? state.best_round : 0;
    announced_.plan = finished ? RoundPlan{state.round, coordinator_.settings().rounds, state.reports.at(static_cast<std::size_t>(state.best_round)).base_digest, coordinator_.settings().task, {}, coordinator_.settings().protection} : coordinator_.plan();
    announced_.federation = store_.federation();
    announced_.ledger = ledger_head_text(store_);
    parcel_ = std::make_shared<const Parcel>(Parcel{announced_.plan.base_digest, chunks_of_file(finished ? store_.best_file() : store_.global_file())});
    announced_.model = parcel_->chunks.list;
    announce_stage();
  }

  /// The stages of a protocol change within a round.
  void announce_stage() {
    stage_version_ = coordinator_.stage_version();
    const fs::path file = coordinator_.protocol() == nullptr ? fs::path() : coordinator_.protocol()->stage_file();
    if (file.empty()) {
      stage_parcel_.reset();
      announced_.stage_file = {};
    } else {
      FileChunks chunks = chunks_of_file(file);
      announced_.stage_file = chunks.list;
      stage_parcel_ = std::make_shared<const Parcel>(Parcel{digest_of(chunks.list), std::move(chunks)});
    }
    ++version_;
    changed_.notify_all();
  }

  std::mutex guard_;
  std::condition_variable changed_;
  Coordinator coordinator_;
  RunStore store_;
  Door& door_;
  Observer& observer_;
  std::function<void(const RoundReport&)> on_round_;
  Uploads uploads_;
  Presence presence_;
  Announced announced_;
  std::shared_ptr<const Parcel> parcel_, stage_parcel_;
  std::uint64_t version_ = 0, stage_version_ = 0;
  std::set<std::string> served_;
  std::uint64_t most_answer_bytes_ = 0;  ///< of a file that any step of this run's protocol takes
  bool closing_ = false;
  std::optional<Error> failure_;
};

/// Prometheus' way to the run's figures, if the settings want one.
std::unique_ptr<MetricsServer> metrics_server(const CoordinatorOptions& options, const Observer& observer) {
  if (options.metrics_listen.empty()) return nullptr;
  auto metrics = std::make_unique<MetricsServer>(options.metrics_listen, [&observer] { return observer.status(); }, [&observer] { return observer.now(); });
  const std::string address = host_of(options.metrics_listen) + ":" + std::to_string(metrics->port());
  write_file(options.folder / "metrics_address", address + "\n");
  log_line("metrics at http://" + address + "/metrics");
  return metrics;
}

RunState serve(const CoordinatorOptions& options, Coordinator coordinator, RunStore store, Observer& observer, const std::function<void(const RoundReport&)>& on_round, const std::atomic<bool>* stop) {
  const auto credentials = server_credentials(options.tls, options.name);
  const fs::path keys = options.tls.authority.parent_path();
  const std::size_t site_count = coordinator.settings().sites.size();
  Door door({.keys = keys, .refused = options.folder / "refused.json", .sites = coordinator.settings().sites, .on_refusal = [&](const std::string& who, const std::string& why) { observer.refused(who, why); }});
  Service service(std::move(coordinator), std::move(store), door, observer, options.folder, on_round);
  ProgressService progress(observer, door, options.folder);
  const auto metrics = metrics_server(options, observer);
  const auto more_services = member_services(keys, door);
  LedgerService ledger(options.folder, door);
  std::vector<grpc::Service*> services{&service, &progress, &ledger};
  for (const auto& more : more_services) services.push_back(more.get());
  const Listening listening = listen_at(options.listen, credentials, services, {.name = "coordinator"});
  write_file(options.folder / "address", listening.address + "\n");
  log_line("coordinator listens at " + listening.address + " for " + std::to_string(site_count) + " sites");
  std::optional<EnrolmentServer> enrolment;
  if (!options.enrolment.empty()) {
    enrolment.emplace(EnrolmentOptions{options.enrolment, options.name, keys}, door);
    write_file(options.folder / "enrolment_address", enrolment->address() + "\n");
    log_line("enrolment at " + enrolment->address());
  }
  const auto end_in_order = [&] {
    service.close();
    progress.close();
    listening.server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(2));
    door.close();
  };
  try {
    while (!(stop != nullptr && *stop) && !service.advance()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      service.rethrow_failure();
      service.require_hope();
      door.tick();
    }
    if (service.advance()) service.linger(options.linger_seconds, stop);
    else observer.stopped();
  } catch (const Error&) {
    end_in_order();
    throw;
  }
  end_in_order();
  export_ledger(options.folder);
  return service.take_state();
}

}  // namespace

RunState run_coordinator(const CoordinatorOptions& options, const FederationSettings& settings, ModelState initial, const std::function<void(const RoundReport&)>& on_round, const std::atomic<bool>* stop) {
  mallopt(M_ARENA_MAX, 2);  // gRPC's threads come and go; what each freed would stay in an arena of its own: 140 MB instead of 90 for ten sites of 22 MB
  mallopt(M_TRIM_THRESHOLD, 16 << 20);  // buffers of messages come and go too: their pages are kept, and not asked for anew with every one
  read_tls_files(options.tls, Role::kCoordinator, options.name);  // before a folder is made
  RunStore store(options.folder, settings);
  auto saved = store.load();
  const bool is_new = !saved;
  if (saved) initial = {};
  Coordinator coordinator = is_new ? Coordinator(settings, std::move(initial), steady_seconds()) : Coordinator(settings, *std::move(saved), steady_seconds());
  begin_ledger(store, options);
  if (is_new) store.save(coordinator.state());
  if (!settings.protection.is_plain()) coordinator.use_protocol(protocol_maker(settings, {store.federation(), check_by_authority(options.tls.authority), options.folder / "protocol"}));
  Observer observer(options.folder, coordinator);
  TensorboardFile tensorboard(options.folder);
  observer.on_event([&](const Event& event) { tensorboard.add(event); });
  try {
    return serve(options, std::move(coordinator), std::move(store), observer, on_round, stop);
  } catch (const Error& error) {
    observer.failed(error.code());
    throw;
  }
}

}  // namespace consilium::fl
