#include "fl/transport/relay_server.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "base/folder_lock.h"
#include "base/progress.h"
#include "base/text.h"
#include "consilium/fl/v1/peer.grpc.pb.h"
#include "fl/enrol/door.h"
#include "fl/transport/channel.h"
#include "fl/transport/listen.h"
#include "fl/transport/status.h"
#include "fl/x509.h"

namespace consilium::fl {
namespace {

namespace pb = consilium::fl::v1;

constexpr std::size_t kMostSealedBytes = 8 << 20, kMostSlotBytes = 64;
constexpr std::uint32_t kMostPiecesOfLetter = 1 << 20;
constexpr std::int64_t kExpirySeconds = 5;
constexpr double kLookSeconds = 0.2;  // how often an idle stream looks whether its site has hung up or was revoked

/// The certificates of those who have called, for those who seal letters for them.
class KnownCertificates {
 public:
  explicit KnownCertificates(fs::path folder) : folder_(std::move(folder)) {
    make_folder(folder_);
    for (const auto& entry : fs::directory_iterator(folder_))
      if (entry.path().extension() == ".crt") pems_[entry.path().stem().string()] = read_file(entry.path(), kMostPemBytes);
  }
  void note(const std::string& name, const std::string& pem) {
    const std::lock_guard lock(guard_);
    if (std::exchange(pems_[name], pem) != pem) write_file(folder_ / (name + ".crt"), pem);
  }
  std::string find(const std::string& name) const {
    const std::lock_guard lock(guard_);
    const auto at = pems_.find(name);
    require(at != pems_.end(), ErrorCode::kNotFound, "\"" + name + "\" has not called here yet");
    return at->second;
  }

 private:
  fs::path folder_;
  mutable std::mutex guard_;
  std::map<std::string, std::string> pems_;
};

class RelayService final : public pb::Relay::Service {
 public:
  using Stream = grpc::ServerReaderWriter<pb::KeptPiece, pb::CollectRequest>;

  RelayService(const RelayServerOptions& options, Door& door) : options_(options), door_(door), mailbox_({.folder = options.folder / "letters", .quota_bytes = options.quota_bytes}), certificates_(options.folder / "certificates") {}

  grpc::Status Post(grpc::ServerContext* context, const pb::SealedPiece* request, pb::PieceReceipt* response) override {
    bool is_full = false;
    const grpc::Status status = guarded(*context, [&](const Caller& caller) {
      const auto missing = mailbox_.put(posted(caller.name, *request), request->sealed());
      is_full = !missing;
      if (missing)
        for (const std::uint64_t index : *missing) response->add_missing(index);
    });
    return is_full ? grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "more of this site's letters lie here than its quota allows") : status;
  }

  grpc::Status Collect(grpc::ServerContext* context, Stream* stream) override {
    return guarded(*context, [&](const Caller& caller) {
      pb::CollectRequest first;
      require(stream->Read(&first) && first.protocol_version() == 1, ErrorCode::kMismatch, "only protocol version 1 is spoken here");
      std::thread removing([&] {
        pb::CollectRequest request;
        while (stream->Read(&request))
          for (const std::uint64_t number : request.taken()) mailbox_.remove(caller.name, number);
      });
      try {
        hand_out(*context, *stream, caller);
      } catch (const Error&) {
        context->TryCancel();
        removing.join();
        throw;
      }
      context->TryCancel();  // or the other thread would wait for a site that is gone
      removing.join();
    });
  }

  grpc::Status FindCertificate(grpc::ServerContext* context, const pb::FindCertificateRequest* request, pb::FindCertificateResponse* response) override {
    return guarded(*context, [&](const Caller&) { response->set_certificate(certificates_.find(request->name())); });
  }

  void close() {
    closing_ = true;
    mailbox_.wake();
  }
  void tick() {
    if (door_.now() < next_look_) return;
    next_look_ = door_.now() + kExpirySeconds;
    mailbox_.expire(door_.now());
  }

 private:
  template <typename Body>
  grpc::Status guarded(const grpc::ServerContext& context, Body body) {
    try {
      const std::string pem = shown_certificate(context);
      const Caller caller = door_.admit(pem, Right::kExchange);
      certificates_.note(caller.name, pem);
      body(caller);
      return grpc::Status::OK;
    } catch (const Error& error) {  // the border: an Error becomes a status
      return to_status(error);
    }
  }

  PostedPiece posted(const std::string& from, const pb::SealedPiece& p) const {
    require(p.to() != from && std::find(options_.sites.begin(), options_.sites.end(), p.to()) != options_.sites.end(), ErrorCode::kCorruptData, "a letter for nobody who is known here");
    require(p.letter().size() == 16 && !p.slot().empty() && p.slot().size() <= kMostSlotBytes && p.slot().find_first_not_of("0123456789abcdef") == std::string::npos, ErrorCode::kCorruptData, "a letter without a sound name or slot");
    require(p.count() >= 1 && p.count() <= kMostPiecesOfLetter && p.index() < p.count(), ErrorCode::kCorruptData, "piece " + std::to_string(p.index()) + " of " + std::to_string(p.count()));
    require(!p.sealed().empty() && p.sealed().size() <= kMostSealedBytes, ErrorCode::kCorruptData, "a piece of " + std::to_string(p.sealed().size()) + " bytes");
    return {from, p.to(), p.slot(), to_hexadecimal(p.letter()), p.index(), p.count(), door_.now() + std::min(p.keep_seconds(), options_.keep_seconds)};
  }

  void hand_out(grpc::ServerContext& context, Stream& stream, const Caller& caller) {
    std::uint64_t number = 0;
    while (!closing_ && !context.IsCancelled()) {
      door_.require_current(caller);
      const auto kept = mailbox_.next(caller.name, number, kLookSeconds);
      if (!kept) continue;
      number = kept->number;
      pb::KeptPiece piece;
      piece.set_number(kept->number);
      piece.set_sealed(kept->sealed);
      if (!stream.Write(piece)) return;
    }
  }

  const RelayServerOptions& options_;
  Door& door_;
  Mailbox mailbox_;
  KnownCertificates certificates_;
  std::atomic<bool> closing_ = false;
  std::int64_t next_look_ = 0;
};

}  // namespace

void run_relay(const RelayServerOptions& options, const std::atomic<bool>* stop) {
  const auto credentials = server_credentials(options.tls, options.name);
  const FolderLock lock(options.folder);
  Door door({.keys = options.tls.authority.parent_path(), .refused = options.folder / "refused.json", .sites = options.sites});
  RelayService service(options, door);
  const Listening listening = listen_at(options.listen, credentials, {&service}, {"relay", kMostPeerThreads});
  write_file(options.folder / "address", listening.address + "\n");
  log_line("relay listens at " + listening.address + " for " + std::to_string(options.sites.size()) + " sites");
  while (!(stop != nullptr && *stop)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    service.tick();
    door.tick();
  }
  service.close();
  listening.server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(2));
  door.close();
}

}  // namespace consilium::fl
