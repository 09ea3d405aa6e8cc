#include "fl/transport/server.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "consilium/fl/v1/federation.grpc.pb.h"
#include "fl/run_store.h"
#include "fl/transport/channel.h"
#include "fl/wire/chunks.h"
#include "fl/wire/messages.h"
#include "models/state/safetensors.h"

namespace consilium::fl {
namespace {

using Clock = std::chrono::steady_clock;
using grpc::Status;
using grpc::StatusCode;

double now() { return std::chrono::duration<double>(Clock::now().time_since_epoch()).count(); }

Status to_status(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kRefused: return {StatusCode::PERMISSION_DENIED, error.what()};
    case ErrorCode::kNotFound: return {StatusCode::NOT_FOUND, error.what()};
    case ErrorCode::kCorruptData: return {StatusCode::INVALID_ARGUMENT, error.what()};
    case ErrorCode::kMismatch: return {StatusCode::FAILED_PRECONDITION, error.what()};
    default: return {StatusCode::INTERNAL, error.what()};
  }
}

/// A model as it travels.
struct Parcel {
  std::string digest;
  std::string bytes;
  ChunkList chunks;
};

std::shared_ptr<const Parcel> make_parcel(const ModelState& model) {
  auto parcel = std::make_shared<Parcel>();
  parcel->digest = digest(model);
  parcel->bytes = encode_safetensors(model);
  parcel->chunks = chunk_list(parcel->bytes);
  return parcel;
}

/// The state machine, the store and the open uploads, behind one lock.
class Service final : public pb::Federation::Service {
 public:
  Service(Coordinator coordinator, RunStore store, std::function<void(const RoundReport&)> on_round) : coordinator_(std::move(coordinator)), store_(std::move(store)), on_round_(std::move(on_round)) { announce(); }

  Status Watch(grpc::ServerContext* context, const pb::WatchRequest* request, grpc::ServerWriter<pb::Announcement>* writer) override {
    return guarded(context, [&](const std::string& site) {
      require(request->protocol_version() == 1, ErrorCode::kMismatch, "protocol version " + std::to_string(request->protocol_version()) + " is not spoken here, only 1");
      std::uint64_t seen = 0;
      for (;;) {
        pb::Announcement message;
        {
          std::unique_lock lock(guard_);
          // Woken now and then to notice that the site has hung up.
          changed_.wait_for(lock, std::chrono::milliseconds(200), [&] { return version_ != seen || closing_; });
          if (closing_) return;
          if (context->IsCancelled()) return;
          if (version_ == seen) continue;
          seen = version_;
          message = to_message(announced_);
        }
        if (!writer->Write(message)) return;
      }
    });
  }

  Status FetchModel(grpc::ServerContext* context, const pb::FetchModelRequest* request, grpc::ServerWriter<pb::Chunk>* writer) override {
    return guarded(context, [&](const std::string& site) {
      std::shared_ptr<const Parcel> parcel;
      bool finished = false;
      {
        const std::lock_guard lock(guard_);
        parcel = parcel_;
        finished = announced_.finished;
      }
      require(request->digest() == parcel->digest, ErrorCode::kNotFound, "that model is not offered any more; the newest announcement names the one that is");
      for (std::size_t n = request->first_chunk(); n < parcel->chunks.hashes.size(); ++n) {
        pb::Chunk chunk;
        chunk.set_sha256(parcel->chunks.hashes[n]);
        chunk.set_data(std::string(chunk_of(parcel->bytes, n)));
        if (!writer->Write(chunk)) return;
      }
      if (finished) {
        const std::lock_guard lock(guard_);
        served_.insert(site);
        changed_.notify_all();
      }
    });
  }

  Status OfferUpdate(grpc::ServerContext* context, const pb::UpdateOffer* request, pb::MissingChunks* response) override {
    return guarded(context, [&](const std::string& site) {
      const std::lock_guard lock(guard_);
      // Weights and names of an update take what those of the model take; the rest is room for the header.
      Offer offer = from_message(*request, parcel_->bytes.size() + (1 << 20));
      const auto open = uploads_.find(site);
      if (open == uploads_.end() || !(open->second.chunks.list() == offer.delta) || open->second.update.round != offer.update.round)
        uploads_.insert_or_assign(site, Upload{offer.update, ChunkCollector(offer.delta)});
      else
        open->second.update = offer.update;
      for (const std::uint64_t index : uploads_.at(site).chunks.missing()) response->add_index(index);
    });
  }

  Status SendChunks(grpc::ServerContext* context, grpc::ServerReader<pb::Chunk>* reader, pb::SendChunksResponse*) override {
    return guarded(context, [&](const std::string& site) {
      pb::Chunk chunk;
      while (reader->Read(&chunk)) {
        const std::lock_guard lock(guard_);
        const auto open = uploads_.find(site);
        require(open != uploads_.end(), ErrorCode::kMismatch, "chunks without an offer");
        open->second.chunks.add(chunk.sha256(), std::move(*chunk.mutable_data()));
      }
    });
  }

  Status CommitUpdate(grpc::ServerContext* context, const pb::CommitUpdateRequest*, pb::Receipt* response) override {
    return guarded(context, [&](const std::string& site) {
      const std::lock_guard lock(guard_);
      const auto open = uploads_.find(site);
      require(open != uploads_.end(), ErrorCode::kMismatch, "there is no offered update to commit");
      const std::string bytes = open->second.chunks.assemble();
      Update update = std::move(open->second.update);
      uploads_.erase(open);
      Receipt receipt;
      try {
        if (!bytes.empty()) update.delta = parse_safetensors(bytes, "update of site \"" + site + "\"").state;
        receipt = coordinator_.receive(site, std::move(update));
      } catch (const Error& error) {  // weights that cannot be read are this site's failure in this round
        receipt = {ReceiptKind::kRejected, error.what()};
      }
      if (receipt.kind == ReceiptKind::kRejected) log_warning(receipt.reason);
      *response = to_message(receipt);
      advance_locked();
    });
  }

  /// Lets deadlines pass. True when the federation is over.
  bool advance() {
    const std::lock_guard lock(guard_);
    advance_locked();
    return coordinator_.is_finished();
  }

  /// Waits until every site of the federation has the best model, or `seconds` have passed, or `stop`.
  void linger(double seconds, const std::atomic<bool>* stop) {
    const auto end = Clock::now() + std::chrono::duration<double>(seconds);
    std::unique_lock lock(guard_);
    while (served_.size() < coordinator_.settings().sites.size() && Clock::now() < end && !(stop != nullptr && *stop)) changed_.wait_for(lock, std::chrono::milliseconds(100));
  }

  void close() {
    const std::lock_guard lock(guard_);
    closing_ = true;
    changed_.notify_all();
  }

  RunState state() const { return coordinator_.state(); }

  /// A failure of our own disk ends the run; it must not drown in a site's connection.
  void rethrow_failure() {
    const std::lock_guard lock(guard_);
    if (failure_) throw Error(*failure_);
  }

 private:
  struct Upload {
    Update update;
    ChunkCollector chunks;
  };

  template <typename Body>
  Status guarded(grpc::ServerContext* context, Body body) {
    try {
      const std::string site = certified_site(*context);
      const auto& sites = coordinator_.settings().sites;
      require(std::binary_search(sites.begin(), sites.end(), site), ErrorCode::kRefused, "site \"" + site + "\" does not belong to this federation");
      body(site);
      return Status::OK;
    } catch (const Error& error) {  // the border: an Error becomes a status
      return to_status(error);
    }
  }

  void advance_locked() {
    try {
      while (const auto report = coordinator_.advance(now())) {
        store_.save(coordinator_.state());
        uploads_.clear();
        announce();
        if (on_round_) on_round_(*report);
      }
    } catch (const Error& error) {
      failure_ = error;
      throw;
    }
  }

  void announce() {
    const bool finished = coordinator_.is_finished();
    parcel_ = make_parcel(finished ? coordinator_.state().best : coordinator_.state().global);
    announced_.finished = finished;
    announced_.best_round = finished ? coordinator_.state().best_round : 0;
    announced_.plan = finished ? RoundPlan{coordinator_.state().round, coordinator_.settings().rounds, parcel_->digest, coordinator_.settings().task} : coordinator_.plan();
    announced_.model = parcel_->chunks;
    ++version_;
    changed_.notify_all();
  }

  std::mutex guard_;
  std::condition_variable changed_;
  Coordinator coordinator_;
  RunStore store_;
  std::function<void(const RoundReport&)> on_round_;
  std::map<std::string, Upload> uploads_;
  Announced announced_;
  std::shared_ptr<const Parcel> parcel_;
  std::uint64_t version_ = 0;
  std::set<std::string> served_;
  bool closing_ = false;
  std::optional<Error> failure_;
};

std::string host_of(const std::string& address) { return address.substr(0, address.rfind(':')); }

}  // namespace

RunState run_coordinator(const CoordinatorOptions& options, const FederationSettings& settings, const ModelState& initial, const std::function<void(const RoundReport&)>& on_round, const std::atomic<bool>* stop) {
  const auto credentials = server_credentials(options.tls, options.name);
  RunStore store(options.folder, settings);
  const auto saved = store.load();
  Coordinator coordinator = saved ? Coordinator(settings, *saved, now()) : Coordinator(settings, initial, now());
  if (!saved) store.save(coordinator.state());
  Service service(std::move(coordinator), std::move(store), on_round);
  grpc::ServerBuilder builder;
  int port = 0;
  // Two coordinators on one port would share its sites between them.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 20000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10000);
  builder.SetMaxReceiveMessageSize(8 << 20);
  builder.AddListeningPort(options.listen, credentials, &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  require(server != nullptr && port > 0, ErrorCode::kUnreachable, "cannot listen at " + options.listen + ": is the port in use, or the address not of this machine?");
  write_file(options.folder / "address", host_of(options.listen) + ":" + std::to_string(port) + "\n");
  log_line("coordinator listens at " + host_of(options.listen) + ":" + std::to_string(port) + " for " + std::to_string(settings.sites.size()) + " sites");
  const auto end_in_order = [&] {
    service.close();
    server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(2));
  };
  try {
    while (!(stop != nullptr && *stop) && !service.advance()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      service.rethrow_failure();
    }
    if (service.advance()) service.linger(options.linger_seconds, stop);
  } catch (const Error&) {
    end_in_order();
    throw;
  }
  end_in_order();
  return service.state();
}

}  // namespace consilium::fl
