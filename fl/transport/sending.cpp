#include "fl/transport/sending.h"

#include <chrono>

#include "base/error.h"
#include "fl/transport/call_failures.h"

namespace consilium::fl {
namespace {

void send_chunks(pb::Federation::Stub& stub, const pb::MissingChunks& missing, const FileChunks& file) {
  if (missing.index_size() == 0) return;
  grpc::ClientContext context;
  pb::SendChunksResponse done;
  const auto writer = stub.SendChunks(&context, &done);
  for (const std::uint64_t index : missing.index()) {
    require(index < file.list.hashes.size(), ErrorCode::kCorruptData, "the coordinator asks for a chunk that there is not");
    pb::Chunk chunk;
    chunk.set_sha256(file.list.hashes[index]);
    chunk.set_data(file.chunk(index));
    if (!writer->Write(chunk)) break;
  }
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  require_answered(status, "sending the update");
}

}  // namespace

Receipt send(pb::Federation::Stub& stub, const Update& update, const FileChunks& delta, Codec codec) {
  pb::MissingChunks missing;
  {
    grpc::ClientContext context;
    const grpc::Status status = stub.OfferUpdate(&context, to_message(update, delta.list, codec), &missing);
    require_answered(status, "offering the update");
  }
  send_chunks(stub, missing, delta);
  grpc::ClientContext context;
  pb::Receipt receipt;
  const grpc::Status status = stub.CommitUpdate(&context, {}, &receipt);
  require_answered(status, "committing the update");
  return from_message(receipt);
}

Receipt send(pb::Federation::Stub& stub, const StageAnswer& answer) {
  pb::StageAnswer message;
  if (answer.file.empty()) {
    message = to_message(answer, {});
  } else {
    const FileChunks file = chunks_of_file(answer.file);
    message = to_message(answer, file.list);
    pb::MissingChunks missing;
    grpc::ClientContext context;
    const grpc::Status status = stub.OfferStageFile(&context, message, &missing);
    require_answered(status, "offering the file of a stage");
    send_chunks(stub, missing, file);
  }
  grpc::ClientContext context;
  pb::Receipt receipt;
  const grpc::Status status = stub.AnswerStage(&context, message, &receipt);
  require_answered(status, "answering a stage");
  return from_message(receipt);
}

void decline(pb::Federation::Stub& stub, std::int64_t round, const std::string& reason) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  pb::DeclineRequest request;
  request.set_round(round);
  request.set_reason(reason);
  pb::DeclineResponse response;
  stub.Decline(&context, request, &response);
  throw Error(ErrorCode::kRefused, "this site's policy refuses the plan: " + reason);
}

}  // namespace consilium::fl
