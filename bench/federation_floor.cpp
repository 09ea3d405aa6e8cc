#include "bench/federation_floor.h"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <fstream>
#include <mutex>
#include <thread>
#include <vector>

#include "base/files.h"
#include "consilium/fl/v1/federation.grpc.pb.h"
#include "fl/keys.h"
#include "fl/transport/channel.h"
#include "fl/wire/chunks.h"

namespace consilium::bench {
namespace {

namespace pb = consilium::fl::v1;
constexpr std::size_t kPiece = 1 << 20;

void hash_pieces(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += kPiece) fl::sha256(bytes.substr(at, kPiece));
}

/// Pieces at whoever receives them.
class Incoming {
 public:
  Incoming(const FloorOptions& options, const std::filesystem::path& file) : hashes_(options.hashes) {
    if (options.keeps) file_.open(file, std::ios::binary | std::ios::trunc);
  }
  void take(const std::string& piece) {
    if (hashes_) fl::sha256(piece);
    if (file_.is_open()) file_.write(piece.data(), static_cast<std::streamsize>(piece.size()));
  }

 private:
  bool hashes_;
  std::ofstream file_;
};

class Bare final : public pb::Federation::Service {
 public:
  Bare(std::string_view bytes, const FloorOptions& options, const std::filesystem::path& folder) : bytes_(bytes), options_(options), folder_(folder), sum_(bytes.size() / sizeof(float)) {}

  grpc::Status FetchModel(grpc::ServerContext*, const pb::FetchModelRequest*, grpc::ServerWriter<pb::Chunk>* writer) override {
    if (options_.hashes) std::call_once(hashed_, [&] { hash_pieces(bytes_); });
    for (std::size_t at = 0; at < bytes_.size(); at += kPiece) {
      pb::Chunk chunk;
      chunk.set_data(std::string(bytes_.substr(at, kPiece)));
      writer->Write(chunk);
    }
    return grpc::Status::OK;
  }
  grpc::Status SendChunks(grpc::ServerContext*, grpc::ServerReader<pb::Chunk>* reader, pb::SendChunksResponse*) override {
    pb::Chunk chunk;
    Incoming incoming(options_, folder_ / ("update_" + std::to_string(++updates_)));
    for (std::size_t at = 0; reader->Read(&chunk); at += chunk.data().size() / sizeof(float)) {
      incoming.take(chunk.data());
      std::vector<float> values(chunk.data().size() / sizeof(float));
      std::memcpy(values.data(), chunk.data().data(), values.size() * sizeof(float));
      const std::lock_guard lock(guard_);
      for (std::size_t n = 0; n < values.size() && at + n < sum_.size(); ++n) sum_[at + n] += values[n];
    }
    return grpc::Status::OK;
  }

 private:
  std::string_view bytes_;
  const FloorOptions& options_;
  std::filesystem::path folder_;
  std::once_flag hashed_;
  std::atomic<int> updates_ = 0;
  std::mutex guard_;
  std::vector<float> sum_;
};

void exchange(pb::Federation::Stub& stub, std::string_view bytes, const FloorOptions& options, const std::filesystem::path& file) {
  pb::Chunk chunk;
  {
    Incoming incoming(options, file);
    grpc::ClientContext context;
    const auto reader = stub.FetchModel(&context, {});
    while (reader->Read(&chunk)) incoming.take(chunk.data());
    reader->Finish();
  }
  if (options.hashes) hash_pieces(bytes);
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

std::shared_ptr<grpc::ChannelCredentials> site_credentials(const FloorOptions& options, int number) {
  const std::string name = "site_" + std::to_string(number);
  return fl::channel_credentials(fl::read_tls_files(fl::tls_files(options.keys, name), fl::Role::kSite, name));
}

}  // namespace

double grpc_floor_seconds(std::string_view bytes, int sites, const FloorOptions& options) {
  const TemporaryFolder folder;
  const bool encrypts = !options.keys.empty();
  Bare service(bytes, options, folder.path());
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", encrypts ? fl::server_credentials(fl::tls_files(options.keys, "hub"), "hub", fl::Role::kCoordinator) : grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  std::vector<std::unique_ptr<pb::Federation::Stub>> stubs;
  for (int n = 0; n < sites; ++n) {
    grpc::ChannelArguments own;
    own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stubs.push_back(pb::Federation::NewStub(grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port), encrypts ? site_credentials(options, n) : grpc::InsecureChannelCredentials(), own)));
    grpc::ClientContext context;
    pb::SendChunksResponse done;
    const auto writer = stubs.back()->SendChunks(&context, &done);  // connects
    writer->WritesDone();
    writer->Finish();
  }
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (std::size_t n = 0; n < stubs.size(); ++n) threads.emplace_back([&, n] { exchange(*stubs[n], bytes, options, folder.path() / ("model_" + std::to_string(n))); });
  for (std::thread& thread : threads) thread.join();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  server->Shutdown();
  return seconds;
}

}  // namespace consilium::bench
