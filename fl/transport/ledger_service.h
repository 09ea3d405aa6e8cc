#pragma once

// Only for .cpp files of fl/transport: it pulls in gRPC.
#include <filesystem>
#include <mutex>

#include "consilium/fl/v1/ledger.grpc.pb.h"
#include "fl/enrol/door.h"
#include "fl/sqlite.h"

namespace consilium::fl {

/// Shows sites the run's ledger, and takes their co-signatures (fl/proto/consilium/fl/v1/ledger.proto). It reads run.sqlite by itself: what it shows is what was saved.
class LedgerService final : public v1::Ledger::Service {
 public:
  /// `folder` holds run.sqlite; `door` outlives it.
  LedgerService(const std::filesystem::path& folder, Door& door);

  grpc::Status Prove(grpc::ServerContext* context, const v1::LedgerQuestion* request, v1::LedgerProof* response) override;
  grpc::Status CoSign(grpc::ServerContext* context, const v1::CoSignRequest* request, v1::CoSignResponse* response) override;
  grpc::Status FetchLedger(grpc::ServerContext* context, const v1::FetchLedgerRequest* request, grpc::ServerWriter<v1::LedgerPiece>* writer) override;

 private:
  Door& door_;
  std::filesystem::path database_file_;
  std::string authority_;
  std::mutex guard_;  ///< one co-signature at a time
  Sqlite writer_;
};

/// At the start of a coordinator: the run's ledger is signed with FOLDER/ledger.key, which is made if need be. @throws as LedgerBook::sign_with, read_tls_files.
class RunStore;
struct CoordinatorOptions;
void begin_ledger(RunStore& store, const CoordinatorOptions& options);
/// The signed head for an announcement.
std::string ledger_head_text(const RunStore& store);
/// At its end: FOLDER/ledger.jsonl.
void export_ledger(const std::filesystem::path& folder);

}  // namespace consilium::fl
