#include "fl/transport/relay_collector.h"

#include "base/error.h"
#include "consilium/fl/v1/peer.grpc.pb.h"
#include "fl/seal.h"
#include "fl/transport/channel.h"
#include "fl/transport/growing_pause.h"
#include "fl/transport/route_calls.h"

namespace consilium::fl {
namespace {

constexpr double kFullPauseSeconds = 0.1;

}  // namespace

RelayCollector::RelayCollector(RelayOptions options, PeerDesk& desk, Door& door, std::function<void(const std::string&)> on_warning)
    : options_(std::move(options)), desk_(desk), door_(door), on_warning_(std::move(on_warning)), thread_([this] { run(); }) {}

RelayCollector::~RelayCollector() {
  {
    const std::lock_guard lock(guard_);
    stopping_ = true;
    if (context_ != nullptr) context_->TryCancel();
    changed_.notify_all();
  }
  thread_.join();
}

void RelayCollector::pause(double seconds) {
  std::unique_lock lock(guard_);
  changed_.wait_for(lock, std::chrono::duration<double>(seconds), [&] { return stopping_; });
}

void RelayCollector::run() {
  GrowingPause between;
  std::string told;
  for (std::size_t tries = 0;; ++tries) {
    {
      const std::lock_guard lock(guard_);
      if (stopping_) return;
      had_contact_ = false;
    }
    std::string reason;
    try {
      collect(options_.addresses[tries % options_.addresses.size()]);
    } catch (const RouteBroken& broken) {
      reason = broken.reason;
    } catch (const Error& error) {  // refused: the reason is told, and a certificate that is renewed lets this site in again
      reason = error.what();
    }
    if (had_contact_) {
      between.reset();
      told.clear();
    }
    if (!reason.empty() && reason != told) on_warning_(reason + "; trying again");
    told = reason;
    pause(between.seconds());
    between.grow();
  }
}

void RelayCollector::collect(const std::string& address) {
  const TlsPems pems = read_peer_files(options_.tls, options_.own);
  const auto stub = pb::Relay::NewStub(grpc::CreateCustomChannel(address, channel_credentials(pems), peer_channel_arguments()));
  grpc::ClientContext context;
  {
    const std::lock_guard lock(guard_);
    if (stopping_) return;
    context_ = &context;
  }
  const auto stream = stub->Collect(&context);
  pb::CollectRequest request;
  request.set_protocol_version(1);
  bool open = stream->Write(request);
  pb::KeptPiece piece;
  while (open && stream->Read(&piece)) {
    had_contact_ = true;
    if (!take(piece.sealed(), pems)) break;
    request.clear_taken();
    request.add_taken(piece.number());
    open = stream->Write(request);
  }
  if (!open)
    while (stream->Read(&piece)) continue;  // the end of a broken stream comes after what is still on its way
  {
    const std::lock_guard lock(guard_);
    context_ = nullptr;
    if (stopping_) context.TryCancel();
  }
  stream->WritesDone();
  const grpc::Status status = stream->Finish();
  const std::lock_guard lock(guard_);
  if (!stopping_) require_ok(status, "the relay at " + address);
}

bool RelayCollector::take(std::string_view sealed, const TlsPems& pems) {
  try {
    const Unsealed opened = unseal(sealed, pems);
    const Caller sender = door_.admit(opened.signer_pem, Right::kExchange);
    pb::Piece piece;
    require(piece.ParseFromString(opened.bytes), ErrorCode::kCorruptData, "a letter of \"" + sender.name + "\" that is no letter");
    while (!desk_.take(sender.name, piece)) {
      pause(kFullPauseSeconds);
      const std::lock_guard lock(guard_);
      if (stopping_) return false;
    }
  } catch (const Error& error) {  // one bad letter is its sender's failure, or the relay's
    on_warning_("by the relay: " + std::string(error.what()));
  }
  const std::lock_guard lock(guard_);
  return !stopping_;
}

}  // namespace consilium::fl
