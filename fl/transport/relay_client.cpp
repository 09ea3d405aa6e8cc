#include "fl/transport/relay_client.h"

#include "base/error.h"
#include "base/text.h"
#include "consilium/fl/v1/peer.grpc.pb.h"
#include "fl/seal.h"
#include "fl/transport/channel.h"
#include "fl/transport/route_calls.h"
#include "fl/wire/chunks.h"

namespace consilium::fl {
namespace {

constexpr auto kCertificateHolds = std::chrono::seconds(60);  // then it is asked for again: a key may have been rotated

}  // namespace

struct RelayClient::Connection {
  std::string whom;
  TlsPems pems;
  std::unique_ptr<pb::Relay::Stub> stub;
};

RelayClient::RelayClient(RelayOptions options, Door& door) : options_(std::move(options)), door_(door), calls_(std::make_unique<OpenCalls>()) {}
RelayClient::~RelayClient() = default;
void RelayClient::close() { calls_->close(); }

std::shared_ptr<RelayClient::Connection> RelayClient::connection() {
  const std::lock_guard lock(guard_);
  if (connection_) return connection_;
  const std::string address = options_.addresses[tries_++ % options_.addresses.size()];
  TlsPems pems = read_peer_files(options_.tls, options_.own);
  const auto channel = grpc::CreateCustomChannel(address, channel_credentials(pems), peer_channel_arguments());
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(kDialSeconds))) throw RouteBroken{"the relay at " + address + ": no connection"};
  return connection_ = std::make_shared<Connection>(Connection{"the relay at " + address, std::move(pems), pb::Relay::NewStub(channel)});
}

void RelayClient::drop(const std::shared_ptr<Connection>& broken) {
  const std::lock_guard lock(guard_);
  if (connection_ == broken) connection_.reset();
}

std::string RelayClient::certificate_of(Connection& connection, const std::string& name) {
  {
    const std::lock_guard lock(guard_);
    const auto known = certificates_.find(name);
    if (known != certificates_.end() && std::chrono::steady_clock::now() - known->second.read_at < kCertificateHolds) return known->second.pem;
  }
  OpenCalls::Call call(*calls_, kPieceSeconds);
  pb::FindCertificateRequest request;
  request.set_name(name);
  pb::FindCertificateResponse response;
  require_ok(connection.stub->FindCertificate(&call.context, request, &response), connection.whom);
  // The relay is not believed: the authority's signature is, and the name in it.
  const std::string objection = door_.objection(response.certificate(), Right::kExchange);
  require(objection.empty(), ErrorCode::kRefused, "\"" + name + "\" is told nothing: " + objection);
  require(parse_certificate(response.certificate(), "the relay's answer").name == name, ErrorCode::kRefused, connection.whom + " shows the certificate of somebody else for \"" + name + "\"");
  const std::lock_guard lock(guard_);
  certificates_[name] = {response.certificate(), std::chrono::steady_clock::now()};
  return response.certificate();
}

std::vector<std::uint64_t> RelayClient::post(const std::string& to, const Envelope& envelope, const pb::Piece& piece, std::uint32_t index) {
  const std::shared_ptr<Connection> connection = this->connection();
  try {
    pb::SealedPiece sealed;
    sealed.set_to(to);
    // The relay learns that one letter replaces another, not what they are.
    sealed.set_slot(to_hexadecimal(sha256(piece.federation() + options_.own + envelope.slot)).substr(0, 32));
    sealed.set_letter(envelope.letter);
    sealed.set_index(index);
    sealed.set_count(envelope.count);
    sealed.set_keep_seconds(options_.keep_seconds);
    sealed.set_sealed(seal(piece.SerializeAsString(), connection->pems, certificate_of(*connection, to)));
    OpenCalls::Call call(*calls_, kPieceSeconds);
    pb::PieceReceipt receipt;
    require_ok(connection->stub->Post(&call.context, sealed, &receipt), connection->whom);
    return {receipt.missing().begin(), receipt.missing().end()};
  } catch (const RouteBroken&) {
    drop(connection);
    throw;
  } catch (const Error&) {  // another certificate may lie on disk by now
    drop(connection);
    throw;
  }
}

}  // namespace consilium::fl
