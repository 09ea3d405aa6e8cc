#include <google/protobuf/stubs/logging.h>

#include "base/error.h"
#include "consilium/fl/v1/peer.grpc.pb.h"
#include "fl/enrol/enrolment.h"
#include "fl/seal.h"
#include "fl/transport/channel.h"
#include "fl/transport/peer_desk.h"
#include "tests/fl/peer_federation.h"
#include "tests/support/refusal.h"

// What goes wrong between peers, each as a test with a clear end (docs/peers.md).
namespace consilium::fl {
namespace {

using consilium::test::refusal;
using consilium::test::wait_until;
using test::noise_model;
using test::NoiseTrainer;
using test::PeerFederation;
using testing::HasSubstr;

class PeerFailures : public PeerFederation {
 protected:
  TlsPems pems(const std::string& name) const { return read_peer_files(tls_files(keys(), name), name); }
  Introductions known(const PeerSettings& settings) const { return {shared_digests(settings, "", digest(noise_model())), "north", {}}; }

  /// As somebody with these keys calls a peer.
  std::unique_ptr<pb::Peers::Stub> dial(const std::string& peer, const TlsPems& with) const {
    grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride(peer_host(peer));
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return pb::Peers::NewStub(grpc::CreateCustomChannel(addresses.at(peer), channel_credentials(with), arguments));
  }
  grpc::Status deliver(pb::Peers::Stub& stub, const pb::Piece& piece) const {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    pb::PieceReceipt receipt;
    return stub.Deliver(&context, piece, &receipt);
  }
  grpc::Status post(const std::string& caller, const std::string& to, const std::string& sealed) const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    const auto stub = pb::Relay::NewStub(grpc::CreateCustomChannel(relay_address, channel_credentials(pems(caller)), arguments));
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    pb::SealedPiece piece;
    piece.set_to(to);
    piece.set_slot("aa");
    piece.set_letter(std::string(16, 'x'));
    piece.set_count(1);
    piece.set_keep_seconds(600);
    piece.set_sealed(sealed);
    pb::PieceReceipt receipt;
    return stub->Post(&context, piece, &receipt);
  }
  std::vector<fs::path> letters_at_relay_for(const std::string& recipient) const {
    std::vector<fs::path> files;
    const fs::path shelf = folder.path() / "relay" / "letters" / recipient;
    if (fs::exists(shelf))
      for (const auto& entry : fs::recursive_directory_iterator(shelf))
        if (entry.is_regular_file() && entry.path().filename().string()[0] != '.') files.push_back(entry.path());
    return files;
  }
};

TEST_F(PeerFailures, ARelayThatRestartsHasWhatItHad) {
  auto stop = std::make_unique<std::atomic<bool>>(false);
  auto relay = start_relay(*stop);
  const PeerSettings settings = this->settings(Topology::kSwarm, 6);
  const auto expected = in_process(settings);
  std::map<std::string, std::future<PeerRecord>> running;
  for (const std::string& name : names) running[name] = join(options(name, {"east", "north", "western"}), settings);
  for (const char* round : {"round 2", "round 4"}) {
    ASSERT_TRUE(wait_until([&] { return all_told().find(round) != std::string::npos; }));
    *stop = true;
    relay.get();
    stop = std::make_unique<std::atomic<bool>>(false);
    relay = start_relay(*stop);
  }
  for (auto& [name, future] : running) EXPECT_TRUE(future.get().run == expected.at(name).run) << name << "\n" << all_told();
  *stop = true;
  relay.get();
}

TEST_F(PeerFailures, APeerWithOtherSettingsIsNamedAndTheOthersGoOnWithoutIt) {
  PeerSettings common = settings(Topology::kSwarm, 1), other = common;
  common.liveness_seconds = other.liveness_seconds = 2;
  other.rounds = 5;
  PeerSiteOptions east = options("east"), north = options("north");
  east.gather_seconds = north.gather_seconds = 3;
  east.linger_seconds = north.linger_seconds = 1;
  auto a = join(east, common), b = join(north, common), c = join(options("western"), other);
  const std::string words = refusal(ErrorCode::kMismatch, [&] { c.get(); });
  EXPECT_THAT(words, testing::AllOf(HasSubstr("western"), HasSubstr("rounds"), testing::Not(HasSubstr("liveness"))));
  const PeerRecord record = a.get();
  EXPECT_EQ(record.run.global, b.get().run.global);
  EXPECT_EQ(record.run.reports.at(0).sites.at(2).participation, Participation::kLate);
  // Who greets first is told by the other; either way it is said which two differ.
  EXPECT_THAT(all_told(), testing::AnyOf(HasSubstr("\"western\" has other settings than"), HasSubstr("has other settings than \"western\"")));
}

TEST_F(PeerFailures, ARevokedPeerIsRefusedByTheOthersAndToldNothing) {
  PeerSettings settings = this->settings(Topology::kSwarm, 1);
  settings.liveness_seconds = 2;
  revoke(keys(), "western", {});
  PeerSiteOptions east = options("east"), north = options("north");
  east.gather_seconds = north.gather_seconds = 3;
  east.linger_seconds = north.linger_seconds = 1;
  auto a = join(east, settings), b = join(north, settings), c = join(options("western"), settings);
  EXPECT_THAT(refusal(ErrorCode::kRefused, [&] { c.get(); }), HasSubstr("revoked"));
  EXPECT_EQ(a.get().run.reports.at(0).sites.at(2).participation, Participation::kLate);
  b.get();
  EXPECT_THAT(read_file(folder.path() / "north" / "refused.json"), testing::AllOf(HasSubstr("western"), HasSubstr("revoked")));
}

/// Nobody but the owner of a certificate speaks under its name, and nobody who is not in the settings speaks at all.
TEST_F(PeerFailures, StrangersAndForgedSendersAreRefused) {
  const PeerSettings settings = this->settings(Topology::kSwarm);
  std::atomic<bool> stop = false;
  auto east = join(options("east"), settings, &stop);
  const Introductions introductions = known(settings);
  issue_certificate(keys(), "south", {.role = Role::kPeer});
  const grpc::Status stranger = deliver(*dial("east", read_peer_files(tls_files(keys(), "south"), "south")), hello_piece(introductions, "east"));
  EXPECT_EQ(stranger.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(stranger.error_message(), HasSubstr("south"));
  // Another authority's "north": there is no connection.
  init_authority(folder.path() / "other");
  issue_certificate(folder.path() / "other", "north", {.role = Role::kPeer});
  TlsPems forged = read_peer_files(tls_files(folder.path() / "other", "north"), "north");
  forged.authority = pems("east").authority;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
  pb::PieceReceipt receipt;
  EXPECT_EQ(dial("east", forged)->Deliver(&context, hello_piece(introductions, "east"), &receipt).error_code(), grpc::StatusCode::UNAVAILABLE);
  // Who dials east's address and gets somebody else, says nothing.
  addresses["western"] = addresses["east"];
  grpc::ClientContext elsewhere;
  elsewhere.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
  EXPECT_EQ(dial("western", pems("north"))->Deliver(&elsewhere, hello_piece(introductions, "western"), &receipt).error_code(), grpc::StatusCode::UNAVAILABLE);
  // A true member, with a letter for somebody else, and with other settings.
  const auto north = dial("east", pems("north"));
  EXPECT_EQ(deliver(*north, hello_piece(introductions, "western")).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(deliver(*north, empty_piece({{}, std::string(64, '0')}, "east", std::string(16, 'x'))).error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_TRUE(deliver(*north, hello_piece(introductions, "east")).ok());
  stop = true;
  EXPECT_THROW(east.get(), Error);
}

TEST_F(PeerFailures, WhatARelayAlteredForgedOrMisdirectedIsRefused) {
  std::atomic<bool> stop = false, stop_east = false;
  auto relay = start_relay(stop);
  const PeerSettings settings = this->settings(Topology::kSwarm);
  const Introductions introductions = known(settings);
  const std::string hello = hello_piece(introductions, "east").SerializeAsString();
  // Another authority's "north", by a caller whom the relay knows.
  init_authority(folder.path() / "other");
  issue_certificate(folder.path() / "other", "north", {.role = Role::kPeer});
  const TlsPems forged = read_peer_files(tls_files(folder.path() / "other", "north"), "north");
  EXPECT_TRUE(post("western", "east", seal(hello, forged, pems("east").certificate)).ok()) << "the relay cannot look inside";
  auto east = join(options("east", {"east", "north", "western"}), settings, &stop_east);
  EXPECT_TRUE(wait_until([&] { return all_told().find("not signed by this federation's authority") != std::string::npos; }));
  // A sound letter, into whose file the relay's owner writes.
  stop_east = true;
  EXPECT_THROW(east.get(), Error);
  EXPECT_TRUE(post("north", "east", seal(hello, pems("north"), pems("east").certificate)).ok());
  const std::vector<fs::path> files = letters_at_relay_for("east");
  EXPECT_EQ(files.size(), 1U);
  for (const fs::path& file : files) {
    std::string bytes = read_file(file);
    bytes[bytes.size() / 2] ^= 1;
    write_file(file, bytes);
  }
  // One that was sealed for somebody else.
  EXPECT_TRUE(post("western", "east", seal(hello, pems("western"), pems("north").certificate)).ok());
  stop_east = false;
  east = join(options("east", {"east", "north", "western"}), settings, &stop_east);
  const auto count = [&](const std::string& words) {
    const std::string text = all_told();
    std::size_t times = 0;
    for (auto at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) ++times;
    return times;
  };
  EXPECT_TRUE(wait_until([&] { return count("not for this recipient, or was changed") == 2; }));
  EXPECT_TRUE(wait_until([&] { return letters_at_relay_for("east").empty(); })) << "what cannot be read is not kept for ever";
  // To nobody, and by nobody.
  EXPECT_EQ(post("north", "south", "x").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  issue_certificate(keys(), "south", {.role = Role::kPeer});
  EXPECT_EQ(post("south", "east", "x").error_code(), grpc::StatusCode::PERMISSION_DENIED);
  stop_east = stop = true;
  EXPECT_THROW(east.get(), Error);
  relay.get();
}

TEST_F(PeerFailures, ARelayKeepsNoMoreOfASenderThanItsQuota) {
  std::atomic<bool> stop = false;
  auto relay = start_relay(stop, 100000);
  EXPECT_TRUE(post("north", "east", std::string(90000, 'x')).ok());
  EXPECT_EQ(post("north", "western", std::string(20000, 'x')).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(post("western", "east", std::string(90000, 'x')).ok()) << "another sender's quota is its own";
  stop = true;
  relay.get();
}

}  // namespace
}  // namespace consilium::fl
