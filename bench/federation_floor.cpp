#include "bench/federation_floor.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#include "consilium/fl/v1/federation.grpc.pb.h"

namespace consilium::bench {
namespace {

namespace pb = consilium::fl::v1;
constexpr std::size_t kPiece = 1 << 20;

class Bare final : public pb::Federation::Service {
 public:
  explicit Bare(std::string_view bytes) : bytes_(bytes), sum_(bytes.size() / sizeof(float)) {}

  grpc::Status FetchModel(grpc::ServerContext*, const pb::FetchModelRequest*, grpc::ServerWriter<pb::Chunk>* writer) override {
    for (std::size_t at = 0; at < bytes_.size(); at += kPiece) {
      pb::Chunk chunk;
      chunk.set_data(std::string(bytes_.substr(at, kPiece)));
      writer->Write(chunk);
    }
    return grpc::Status::OK;
  }
  grpc::Status SendChunks(grpc::ServerContext*, grpc::ServerReader<pb::Chunk>* reader, pb::SendChunksResponse*) override {
    pb::Chunk chunk;
    for (std::size_t at = 0; reader->Read(&chunk); at += chunk.data().size() / sizeof(float)) {
      std::vector<float> values(chunk.data().size() / sizeof(float));
      std::memcpy(values.data(), chunk.data().data(), values.size() * sizeof(float));
      const std::lock_guard lock(guard_);
      for (std::size_t n = 0; n < values.size() && at + n < sum_.size(); ++n) sum_[at + n] += values[n];
    }
    return grpc::Status::OK;
  }

 private:
  std::string_view bytes_;
  std::mutex guard_;
  std::vector<float> sum_;
};

void exchange(pb::Federation::Stub& stub, std::string_view bytes) {
  pb::Chunk chunk;
  {
    grpc::ClientContext context;
    const auto reader = stub.FetchModel(&context, {});
    while (reader->Read(&chunk)) {
    }
    reader->Finish();
  }
  grpc::ClientContext context;
  pb::SendChunksResponse done;
  const auto writer = stub.SendChunks(&context, &done);
  for (std::size_t at = 0; at < bytes.size(); at += kPiece) {
    chunk.set_data(std::string(bytes.substr(at, kPiece)));
    writer->Write(chunk);
  }
  writer->WritesDone();
  writer->Finish();
}

}  // namespace

double grpc_floor_seconds(std::string_view bytes, int sites) {
  Bare service(bytes);
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  std::vector<std::unique_ptr<pb::Federation::Stub>> stubs;
  for (int n = 0; n < sites; ++n) {
    grpc::ChannelArguments own;
    own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stubs.push_back(pb::Federation::NewStub(grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials(), own)));
    grpc::ClientContext context;
    pb::SendChunksResponse done;
    const auto writer = stubs.back()->SendChunks(&context, &done);  // connects
    writer->WritesDone();
    writer->Finish();
  }
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (const auto& stub : stubs) threads.emplace_back([&] { exchange(*stub, bytes); });
  for (std::thread& thread : threads) thread.join();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  server->Shutdown();
  return seconds;
}

}  // namespace consilium::bench
