#pragma once

// Only for .cpp files of fl/transport: it pulls in gRPC.
#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>

#include "consilium/fl/v1/ledger.grpc.pb.h"
#include "fl/ledger/witness.h"
#include "fl/tls_check.h"
#include "fl/wire/messages.h"

namespace consilium::fl {

/// A site's end of the ledger over one connection.
class LedgerClient {
 public:
  /// `witness` and `tell` outlive it.
  LedgerClient(const std::shared_ptr<grpc::Channel>& channel, Witness& witness, const std::function<void(const std::string&)>& tell);

  /// Checks the announced head, and co-signs it. The status is that of the connection. @throws Error{kRefused} an alarm; Error{kMismatch} the coordinator keeps no ledger.
  grpc::Status attend(const Announced& announced, const TlsPems& pems);
  /// The whole ledger, checked, as `file`. @throws Error{kRefused} an alarm.
  grpc::Status fetch(const std::filesystem::path& file);

 private:
  std::unique_ptr<v1::Ledger::Stub> stub_;
  Witness& witness_;
  const std::function<void(const std::string&)>& tell_;
};

/// Remembers an update that is about to be sent.
void remember(Witness& witness, const Update& update, const ChunkList& delta, Codec codec);

}  // namespace consilium::fl
