#include "fl/transport/ledger_client.h"

#include <chrono>

#include "base/error.h"
#include "base/files.h"
#include "fl/ledger/canonical.h"
#include "fl/ledger/commitment.h"
#include "fl/wire/ledger_messages.h"

namespace consilium::fl {
namespace {

/// The connection broke in the middle of a check.
struct Broken {
  grpc::Status status;
};

/// An answer that says no, as opposed to one that did not come.
bool is_answer(const grpc::Status& status) {
  using enum grpc::StatusCode;
  switch (status.error_code()) {
    case NOT_FOUND:
    case INVALID_ARGUMENT:
    case FAILED_PRECONDITION:
    case UNIMPLEMENTED:
    case OUT_OF_RANGE: return true;
    default: return false;
  }
}

void set_deadline(grpc::ClientContext& context) { context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60)); }

}  // namespace

LedgerClient::LedgerClient(const std::shared_ptr<grpc::Channel>& channel, Witness& witness, const std::function<void(const std::string&)>& tell) : stub_(v1::Ledger::NewStub(channel)), witness_(witness), tell_(tell) {}

grpc::Status LedgerClient::attend(const Announced& announced, const TlsPems& pems) {
  require(!announced.ledger.empty(), ErrorCode::kMismatch, "the coordinator keeps no ledger of its rounds: it is older than this site; update it");
  const SignedHead head = head_from_json(parse_canonical(announced.ledger, "announcement.ledger"), "announcement.ledger");
  const auto ask = [&](const LedgerQuestion& question) -> std::optional<LedgerProof> {
    grpc::ClientContext context;
    set_deadline(context);
    v1::LedgerProof proof;
    const grpc::Status status = stub_->Prove(&context, to_message(question), &proof);
    if (is_answer(status)) return std::nullopt;
    if (!status.ok()) throw Broken{status};
    return from_message(proof);
  };
  const bool is_new = witness_.is_new(head);
  try {
    for (const std::string& line : witness_.check(head, {announced.federation, announced.plan, announced.finished, announced.best_round}, ask)) tell_(line);
  } catch (const Broken& broken) {
    return broken.status;
  }
  if (!is_new) return grpc::Status::OK;
  grpc::ClientContext context;
  set_deadline(context);
  v1::CoSignRequest request;
  request.set_cosignature(canonical_text(to_json(co_sign(head, pems))));
  v1::CoSignResponse nothing;
  return stub_->CoSign(&context, request, &nothing);
}

grpc::Status LedgerClient::fetch(const fs::path& file) {
  grpc::ClientContext context;
  std::string text;
  const auto reader = stub_->FetchLedger(&context, {});
  v1::LedgerPiece piece;
  while (reader->Read(&piece) && text.size() <= kMostLedgerBytes) text += piece.bytes();
  if (text.size() > kMostLedgerBytes) context.TryCancel();
  const grpc::Status status = reader->Finish();
  require(text.size() <= kMostLedgerBytes, ErrorCode::kCorruptData, "the coordinator's ledger is longer than a ledger can be");
  if (!status.ok()) return status;
  witness_.check_whole(parse_ledger(text, "the coordinator's ledger"));
  write_file(file, text);
  return status;
}

void remember(Witness& witness, const Update& update, const ChunkList& delta, Codec codec) {
  if (update.nonce.empty()) return;  // made by a program that kept no ledger, and finished before it was updated
  witness.keep_update(commitment(update.nonce, update, delta, codec), update.nonce, update_text(update, delta, codec));
}

}  // namespace consilium::fl
