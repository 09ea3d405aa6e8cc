#include "fl/transport/ledger_service.h"

#include <fstream>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "fl/known_certificate.h"
#include "fl/ledger/canonical.h"
#include "fl/ledger/ledger_lines.h"
#include "fl/run_store.h"
#include "fl/transport/server.h"
#include "fl/transport/status.h"
#include "fl/wire/chunks.h"
#include "fl/wire/ledger_messages.h"

namespace consilium::fl {

LedgerService::LedgerService(const fs::path& folder, Door& door) : door_(door), database_file_(folder / "run.sqlite"), authority_(door.authority_pem()), writer_(database_file_, SqliteMode::kWrite) {
  writer_.run("PRAGMA synchronous=NORMAL");  // a co-signature that is lost with the machine's power is one witness less; the next round's transaction syncs it
}

grpc::Status LedgerService::Prove(grpc::ServerContext* context, const v1::LedgerQuestion* request, v1::LedgerProof* response) {
  return admitted(door_, *context, Right::kWatch, [&](const Caller&) { *response = to_message(prove(Sqlite(database_file_, SqliteMode::kRead), from_message(*request))); });
}

grpc::Status LedgerService::CoSign(grpc::ServerContext* context, const v1::CoSignRequest* request, v1::CoSignResponse*) {
  return admitted(door_, *context, Right::kTakePart, [&](const Caller& caller) {
    require(request->cosignature().size() <= 1 << 16, ErrorCode::kCorruptData, "co-signature: of " + std::to_string(request->cosignature().size()) + " bytes");
    const CoSignature signature = cosignature_from_json(parse_canonical(request->cosignature(), "co-signature"), "co-signature");
    require(known_certificate(signature.certificate, "co-signature")->summary.name == caller.name, ErrorCode::kRefused, "the co-signature is another site's");
    const std::string fault = fault_of(signature, authority_);
    require(fault.empty(), ErrorCode::kRefused, fault);
    const std::lock_guard lock(guard_);
    const auto own = read_head(writer_, signature.head.head.size);
    if (!own || !(*own == signature.head)) {
      // Either somebody signs with this run's key elsewhere, or this folder is an old copy.
      log_warning("site \"" + caller.name + "\" has seen a head of " + std::to_string(signature.head.head.size) + " entries that is not in this ledger");
      throw Error(ErrorCode::kMismatch, "that head is not in this ledger");
    }
    add_cosignature(writer_, caller.name, signature);
  });
}

grpc::Status LedgerService::FetchLedger(grpc::ServerContext* context, const v1::FetchLedgerRequest*, grpc::ServerWriter<v1::LedgerPiece>* writer) {
  return admitted(door_, *context, Right::kWatch, [&](const Caller& caller) {
    std::string waiting;
    const auto send = [&](std::size_t bytes) {
      door_.require_current(caller);
      v1::LedgerPiece piece;
      piece.set_bytes(waiting.substr(0, bytes));
      waiting.erase(0, bytes);
      require(writer->Write(piece), ErrorCode::kUnreachable, "the site has hung up");
    };
    each_ledger_line(Sqlite(database_file_, SqliteMode::kRead), [&](std::string_view line) {
      waiting += line;
      while (waiting.size() >= kChunkBytes) send(kChunkBytes);
    });
    if (!waiting.empty()) send(waiting.size());
  });
}

void begin_ledger(RunStore& store, const CoordinatorOptions& options) {
  SigningKey key = SigningKey::open(options.folder / "ledger.key");
  const LedgerKey certified = certify_ledger_key(key, store.federation(), read_tls_files(options.tls, Role::kCoordinator, options.name));
  store.sign_ledger(std::move(key), certified);
}

std::string ledger_head_text(const RunStore& store) {
  const auto head = store.ledger_head();
  return head ? canonical_text(to_json(*head)) : "";
}

void export_ledger(const fs::path& folder) {
  write_beside(folder / "ledger.jsonl", [&](const fs::path& temporary) {
    std::ofstream file(temporary, std::ios::binary);
    each_ledger_line(Sqlite(folder / "run.sqlite", SqliteMode::kRead), [&](std::string_view line) { file << line; });
    file.close();
    require(file.good(), ErrorCode::kCannotWrite, temporary.string() + ": writing the ledger failed");
  });
}

}  // namespace consilium::fl
