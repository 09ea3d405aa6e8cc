#include "fl/transport/downloads.h"

#include <chrono>

#include "base/error.h"
#include "base/files.h"
#include "fl/transport/call_failures.h"
#include "fl/wire/chunk_file.h"
#include "models/state/safetensors.h"

namespace consilium::fl {

ModelState Downloads::fetch(pb::Federation::Stub& stub, const Announced& a) {
  require(digest_of(a.model) == a.plan.base_digest, ErrorCode::kCorruptData, "the global model does not have the digest that the coordinator announced");
  const fs::path file = folder_ / ("download_" + a.plan.base_digest.substr(0, 16) + ".part");
  complete(stub, a.plan.base_digest, a.model, file);  // checks every chunk
  ModelState model = read_safetensors(file).state;
  require(is_canonical_file(file, model), ErrorCode::kCorruptData, "the global model is not written as its digest demands");
  return model;
}

fs::path Downloads::fetch_stage_file(pb::Federation::Stub& stub, const Announced& a) {
  if (a.stage_file.size_bytes == 0) return {};
  const std::string name = digest_of(a.stage_file);
  const fs::path file = folder_ / ("stage_" + name.substr(0, 16) + ".part");
  complete(stub, name, a.stage_file, file);
  return file;
}

void Downloads::remove_others(const fs::path& needed) const {
  const std::string kind = needed.filename().string().starts_with("stage_") ? "stage_" : "download_";
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_, ignored))
    if (entry.path().filename().string().starts_with(kind) && entry.path() != needed) fs::remove(entry.path(), ignored);
}

void Downloads::complete(pb::Federation::Stub& stub, const std::string& name, const ChunkList& list, const fs::path& file) {
  remove_others(file);
  ChunkFile chunks(file, list);
  const auto missing = chunks.missing();
  if (!missing.empty()) {
    grpc::ClientContext context;
    pb::FetchModelRequest request;
    request.set_digest(name);
    request.set_first_chunk(missing.front());
    const auto reader = stub.FetchModel(&context, request);
    pb::Chunk chunk;
    while (reader->Read(&chunk)) chunks.add(chunk.sha256(), chunk.data());
    const grpc::Status status = reader->Finish();
    require_answered(status, "fetching a file");
  }
  if (!chunks.is_complete()) throw Broken{"fetching a file: chunks are missing"};
}

void confirm(pb::Federation::Stub& stub, const Announced& a) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  pb::FetchModelRequest request;
  request.set_digest(a.plan.base_digest);
  request.set_first_chunk(a.model.hashes.size());
  const auto reader = stub.FetchModel(&context, request);
  pb::Chunk nothing;
  while (reader->Read(&nothing)) continue;
  reader->Finish();
}

}  // namespace consilium::fl
