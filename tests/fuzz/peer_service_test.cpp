#include <google/protobuf/stubs/logging.h>

#include "base/error.h"
#include "consilium/fl/v1/peer.grpc.pb.h"
#include "fl/transport/channel.h"
#include "fl/transport/courier.h"
#include "fl/transport/peer_desk.h"
#include "tests/fl/peer_federation.h"
#include "tests/fuzz/heap_meter.h"
#include "tests/fuzz/mutate.h"

namespace consilium::fuzz {
namespace {

constexpr int kPieces = 600;
constexpr std::size_t kMostHeapBytes = std::size_t{64} << 20;  // of both ends; a letter of 1.2 MB is all that is ever sent

class PeerServiceFuzz : public fl::test::PeerFederation {};

/// A member that sends sound and damaged pieces in any order over its own connection.
TEST_F(PeerServiceFuzz, DamagedPiecesAreRefusedAndSoundOnesStillTaken) {
  google::protobuf::SetLogHandler(nullptr);  // a line on stderr for every text that is not UTF-8
  const fl::PeerSettings settings = this->settings(fl::Topology::kSwarm);
  std::atomic<bool> stop = false;
  auto east = join(options("east"), settings, &stop);
  const fl::Introductions introductions{fl::shared_digests(settings, "", digest(fl::test::noise_model())), "north", {}};
  fl::PeerMessage message{.kind = fl::PeerMessageKind::kReady, .round = 0, .part = 1, .weights = {std::make_shared<const ModelState>(fl::test::noise_model())}};
  const fl::LetterBody body = fl::encode_body(message);
  std::vector<fl::pb::Piece> sound{fl::hello_piece(introductions, "east"), fl::empty_piece(introductions.own(), "east", std::string(16, 'n')), fl::empty_piece(introductions.own(), "east", std::string(16, 'n'))};
  *sound[1].mutable_head() = fl::to_message(message, body);
  sound[2].mutable_chunk()->set_sha256(body.list.hashes[0]);
  sound[2].mutable_chunk()->set_data(std::string(fl::chunk_of(body.bytes, 0)));
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride(fl::peer_host("east"));
  const auto stub = fl::pb::Peers::NewStub(grpc::CreateCustomChannel(addresses.at("east"), fl::channel_credentials(fl::read_peer_files(fl::tls_files(keys(), "north"), "north")), arguments));
  const auto send = [&](const fl::pb::Piece& piece) {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    fl::pb::PieceReceipt receipt;
    return stub->Deliver(&context, piece, &receipt).error_code();
  };
  EXPECT_EQ(send(sound[0]), grpc::StatusCode::OK);
  HeapMeter::reset();
  std::map<grpc::StatusCode, int> outcomes;
  Rng rng(20240502);
  for (int n = 0; n < kPieces; ++n) {
    fl::pb::Piece piece = sound[rng.below(3)];
    if (rng.chance(0.7)) {
      const std::string text = piece.SerializeAsString();
      const std::size_t head = std::min<std::size_t>(text.size(), 400);
      const Bytes begin(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(head)), changed = mutate(begin, begin, rng);
      if (!piece.ParseFromString(std::string(changed.begin(), changed.end()) + text.substr(head))) continue;
    }
    ++outcomes[send(piece)];
  }
  EXPECT_LT(HeapMeter::peak_bytes(), kMostHeapBytes);
  for (const auto& [code, times] : outcomes)
    EXPECT_THAT(code, testing::AnyOf(grpc::StatusCode::OK, grpc::StatusCode::INVALID_ARGUMENT, grpc::StatusCode::NOT_FOUND, grpc::StatusCode::FAILED_PRECONDITION, grpc::StatusCode::RESOURCE_EXHAUSTED)) << times;
  for (const auto code : {grpc::StatusCode::OK, grpc::StatusCode::INVALID_ARGUMENT, grpc::StatusCode::FAILED_PRECONDITION}) EXPECT_GT(outcomes[code], 0) << code;
  fl::pb::Piece huge = sound[2];
  huge.mutable_chunk()->set_data(std::string(9 << 20, 'x'));
  EXPECT_EQ(send(huge), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(send(sound[0]), grpc::StatusCode::OK) << "what is sound must still be taken";
  stop = true;
  EXPECT_THROW(east.get(), Error);
}

}  // namespace
}  // namespace consilium::fuzz
