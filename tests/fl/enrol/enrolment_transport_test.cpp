#include <future>
#include <set>
#include <thread>

#include "base/error.h"
#include "consilium/fl/v1/federation.grpc.pb.h"
#include "fl/authority.h"
#include "fl/enrol/door.h"
#include "fl/transport/channel.h"
#include "fl/transport/client.h"
#include "fl/transport/enrolment_client.h"
#include "fl/transport/enrolment_server.h"
#include "fl/transport/refusal_cause.h"
#include "fl/transport/server.h"
#include "fl/x509.h"
#include "tests/fl/enrol/federation_keys.h"
#include "tests/fl/toy.h"
#include "tests/support/process.h"

namespace consilium::fl {
namespace {

using consilium::test::refusal;
using consilium::test::wait_until;
using test::at_time;
using test::toy_model;
using test::toy_settings;
using test::ToyTrainer;
using testing::AllOf;
using testing::HasSubstr;

/// A coordinator with its enrolment service, and sites that come with an invitation.
class EnrolmentOverTls : public test::FederationKeys {
 protected:
  std::future<RunState> coordinator(const FederationSettings& settings, const std::atomic<bool>* stop = nullptr) {
    auto run = std::async(std::launch::async, [=, this] {
      const CoordinatorOptions options{.listen = "localhost:0", .name = "hub", .tls = tls_files(keys(), "hub"), .folder = at("hub"), .linger_seconds = 5, .enrolment = "localhost:0"};
      return run_coordinator(options, settings, toy_model(1), {}, stop);
    });
    EXPECT_TRUE(wait_until([&] { return fs::exists(at("hub") / "enrolment_address"); }));
    edit_registry(keys(), [&](Registry& registry) {
      registry.coordinators = {address()};
      registry.enrolments = {line_of(at("hub") / "enrolment_address")};
    });
    return run;
  }
  static std::string line_of(const fs::path& file) {
    const std::string text = read_file(file);
    return text.substr(0, text.find('\n'));
  }
  std::string address() const { return line_of(at("hub") / "address"); }
  SiteOptions site(const std::string& name) const {
    const MemberRecord record = read_member_record(at(name), name).value();
    return {.name = name, .coordinator = record.coordinators.at(0), .tls = tls_files(at(name), name), .folder = at("state_" + name), .give_up_seconds = 20, .finish = {}, .enrolments = record.enrolments};
  }
  std::future<ModelState> join(const std::string& name, Trainer& trainer, std::vector<std::string>* told = nullptr) {
    return std::async(std::launch::async, [this, name, &trainer, told] {
      return run_site(site(name), trainer, [told](const std::string& line) {
        if (told != nullptr) told->push_back(line);
      });
    });
  }
  Json refused_list() const { return read_json(at("hub") / "refused.json")["refused"]; }
};

TEST_F(EnrolmentOverTls, FromInvitationsToATrainedModel) {
  auto hub = coordinator(toy_settings(2));
  ToyTrainer trainers[3] = {{0.1F, 3}, {0.3F, 5}, {-0.2F, 1}};
  std::vector<std::future<ModelState>> sites;
  for (int n = 0; n < 3; ++n) {
    const std::string name = std::vector<std::string>{"east", "north", "west"}[static_cast<std::size_t>(n)];
    enrol_over_tls(at(name), invite(keys(), name));
    EXPECT_FALSE(fs::exists(keys() / (name + ".key")));
    sites.push_back(join(name, trainers[n]));
  }
  EXPECT_EQ(hub.get().reports.size(), 3U);
  const ModelState best = sites[0].get();
  EXPECT_EQ(sites[1].get(), best);
  EXPECT_EQ(sites[2].get(), best);
  EXPECT_FALSE(fs::exists(at("hub") / "refused.json"));
}

TEST_F(EnrolmentOverTls, AReplayedTokenAWrongNameAndAnOldInvitationAreRefusedAndListed) {
  std::atomic<bool> stop = false;
  auto hub = coordinator(toy_settings(1), &stop);
  const Invitation east = invite(keys(), "east");
  enrol_over_tls(at("east"), east);
  EXPECT_THAT(refusal(ErrorCode::kRefused, [&] { enrol_over_tls(at("thief"), east); }), AllOf(HasSubstr("the coordinator refuses"), HasSubstr("used already, for another key")));
  Invitation renamed = invite(keys(), "west");
  renamed.name = "north";
  EXPECT_THAT(refusal(ErrorCode::kRefused, [&] { enrol_over_tls(at("north"), renamed); }), HasSubstr("for \"west\", not for \"north\""));
  const Invitation old = invite(keys(), "south", {.valid_days = 1, .clock = at_time(wall_seconds() - 2 * kDay)});
  EXPECT_THAT(refusal(ErrorCode::kRefused, [&] { enrol_over_tls(at("south"), old); }), HasSubstr("expired on 20"));
  stop = true;
  hub.get();
  std::set<std::string> who;
  for (const Json& entry : refused_list()) who.insert(entry["who"].get<std::string>());
  EXPECT_EQ(who, (std::set<std::string>{"east", "north", "south"}));
}

TEST_F(EnrolmentOverTls, ASiteTrustsOnlyTheAuthorityOfItsInvitation) {
  std::atomic<bool> stop = false;
  auto hub = coordinator(toy_settings(1), &stop);
  provision(at("foreign"), {.coordinator = "hub", .addresses = {"localhost:1"}});
  Invitation invitation = invite(keys(), "east");
  invitation.authority_pem = read_file(at("foreign") / "ca.crt");
  EXPECT_THAT(refusal(ErrorCode::kUnreachable, [&] { enrol_over_tls(at("east"), invitation, {.give_up_seconds = 0}); }), HasSubstr(invitation.enrolments[0]));
  EXPECT_EQ(state_of("east"), "invited") << "nothing was sent to whom the site does not trust";
  stop = true;
  hub.get();
}

TEST_F(EnrolmentOverTls, ARevocationEndsAnOpenStreamAndTheReasonArrives) {
  FederationSettings settings = toy_settings(1);
  std::atomic<bool> stop = false;
  auto hub = coordinator(settings, &stop);
  enrol_over_tls(at("east"), invite(keys(), "east"));
  ToyTrainer trainer(1, 1);
  auto east = join("east", trainer);
  ASSERT_TRUE(wait_until([&] { return fs::exists(at("state_east") / "update.offer"); }));  // it has sent, and waits for the others
  revoke(keys(), "east", {.reason = RevocationReason::kKeyCompromise});
  EXPECT_THAT(refusal(ErrorCode::kRefused, [&] { east.get(); }), AllOf(HasSubstr("was revoked on 20"), HasSubstr("key_compromise")));
  EXPECT_THAT(refusal(ErrorCode::kRefused, [&] { run_site(site("east"), trainer); }), HasSubstr("was revoked on 20"));
  stop = true;
  hub.get();
  ASSERT_EQ(refused_list().size(), 1U);
  EXPECT_EQ(refused_list()[0]["who"], "east");
  EXPECT_GE(refused_list()[0]["count"], 2);
}

TEST_F(EnrolmentOverTls, ARotatedCertificateIsUsedByASiteThatRuns) {
  std::atomic<bool> stop = false;
  auto hub = coordinator(toy_settings(1), &stop);
  ToyTrainer trainers[3] = {{0.1F, 3}, {0.3F, 5}, {-0.2F, 1}};
  for (const char* name : {"east", "north", "west"}) enrol_over_tls(at(name), invite(keys(), name));
  std::vector<std::string> told;
  auto east = join("east", trainers[0], &told);
  ASSERT_TRUE(wait_until([&] { return fs::exists(at("state_east") / "update.offer"); }));
  const std::string old = summary("east").serial;
  const std::string old_certificate = read_file(at("east") / "east.crt"), old_key = read_file(at("east") / "east.key");
  EXPECT_NE(rotate_over_tls(at("east"), "east", address()), old);
  EXPECT_EQ(state_of("east"), "revoked enrolled");
  auto north = join("north", trainers[1]), west = join("west", trainers[2]);
  hub.get();
  EXPECT_NO_THROW(east.get());
  EXPECT_THAT(told, testing::Contains(HasSubstr("renewed")));
  north.get(), west.get();
  EXPECT_EQ(trainers[0].trained, 1) << "nothing was trained twice";
}

/// A run of weeks outlives its certificates: 25 days before the end a site has a new key and certificate, and trains nothing twice for it.
TEST_F(EnrolmentOverTls, ASiteRenewsItsCertificateBeforeItEnds) {
  auto hub = coordinator(toy_settings(2));
  ToyTrainer trainers[3] = {{0.1F, 3}, {0.3F, 5}, {-0.2F, 1}};
  const WallClock long_ago = at_time(wall_seconds() - 800 * kDay);
  const Invitation invitation = invite(keys(), "east", {.clock = long_ago});
  finish_enrolment(at("east"), invitation, enrol(keys(), begin_enrolment(at("east"), invitation), "east", long_ago));
  for (const char* name : {"north", "west"}) enrol_over_tls(at(name), invite(keys(), name));
  const CertificateSummary old = summary("east"), young = summary("north");
  std::vector<std::string> told;
  auto east = join("east", trainers[0], &told), north = join("north", trainers[1]), west = join("west", trainers[2]);
  hub.get(), east.get(), north.get(), west.get();
  EXPECT_NE(summary("east").serial, old.serial);
  EXPECT_NE(summary("east").key_fingerprint, old.key_fingerprint);
  EXPECT_GT(summary("east").not_after, wall_seconds() + 800 * kDay);
  EXPECT_EQ(state_of("east"), "revoked enrolled");
  EXPECT_THAT(told, testing::Contains(HasSubstr("renewed")));
  EXPECT_EQ(trainers[0].trained, 2);
  EXPECT_EQ(summary("north").serial, young.serial) << "there is time yet";
}

/// An authority whose key lies elsewhere renews nothing: the site says so and goes on.
TEST_F(EnrolmentOverTls, ASiteThatCannotRenewItsCertificateWarnsAndGoesOn) {
  auto hub = coordinator(toy_settings(1));
  const WallClock long_ago = at_time(wall_seconds() - 800 * kDay);
  for (const char* name : {"east", "north", "west"}) {
    const Invitation invitation = invite(keys(), name, {.clock = long_ago});
    finish_enrolment(at(name), invitation, enrol(keys(), begin_enrolment(at(name), invitation), name, long_ago));
  }
  fs::rename(keys() / "ca.key", folder.path() / "ca.key");
  ToyTrainer trainers[3] = {{0.1F, 3}, {0.3F, 5}, {-0.2F, 1}};
  std::vector<std::string> told;
  auto east = join("east", trainers[0], &told), north = join("north", trainers[1]), west = join("west", trainers[2]);
  hub.get(), east.get(), north.get(), west.get();
  EXPECT_THAT(told, testing::Contains(AllOf(HasSubstr("ends in 2"), HasSubstr("could not be renewed"))));
}

TEST_F(EnrolmentOverTls, TheOldCertificateOfARotationIsRefusedWithAdvice) {
  std::atomic<bool> stop = false;
  auto hub = coordinator(toy_settings(1), &stop);
  enrol_over_tls(at("east"), invite(keys(), "east"));
  fs::copy(at("east"), at("backup"));
  rotate_over_tls(at("east"), "east", address());
  SiteOptions stale = site("east");
  stale.tls = tls_files(at("backup"), "east");
  ToyTrainer trainer(1, 1);
  EXPECT_THAT(refusal(ErrorCode::kRefused, [&] { run_site(stale, trainer); }), AllOf(HasSubstr("(superseded)"), HasSubstr("newer certificate")));
  stop = true;
  hub.get();
}

TEST_F(EnrolmentOverTls, AnObserverThatSendsAnUpdateIsRefused) {
  std::atomic<bool> stop = false;
  auto hub = coordinator(toy_settings(1), &stop);
  enrol_over_tls(at("nurse"), invite(keys(), "nurse", {.role = Role::kObserver}));
  ToyTrainer trainer(1, 1);
  // Our own program does not even call; one that is not ours is refused by the coordinator.
  EXPECT_THAT(refusal(ErrorCode::kRefused, [&] { run_site(site("nurse"), trainer); }), HasSubstr("is for the role observer, not for the role site"));
  const TlsPems pems = read_tls_files(tls_files(at("nurse"), "nurse"), Role::kObserver, "nurse");
  const auto stub = v1::Federation::NewStub(grpc::CreateChannel(address(), channel_credentials(pems)));
  {
    grpc::ClientContext context;
    v1::WatchRequest request;
    request.set_protocol_version(1);
    const auto reader = stub->Watch(&context, request);
    v1::Announcement announcement;
    EXPECT_TRUE(reader->Read(&announcement)) << "an observer may watch";
    EXPECT_EQ(announcement.rounds(), 1);
    context.TryCancel();
    while (reader->Read(&announcement)) continue;
    reader->Finish();
  }
  grpc::ClientContext offering, fetching;
  v1::MissingChunks missing;
  const grpc::Status offered = stub->OfferUpdate(&offering, {}, &missing);
  EXPECT_EQ(offered.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(offered.error_message(), HasSubstr("may not take part"));
  EXPECT_EQ(stub->FetchModel(&fetching, {})->Finish().error_code(), grpc::StatusCode::PERMISSION_DENIED);
  stop = true;
  hub.get();
  EXPECT_EQ(refused_list()[0]["who"], "nurse");
}

TEST_F(EnrolmentOverTls, AnAdminReadsTheListAndRevokesAndASiteDoesNot) {
  std::atomic<bool> stop = false;
  auto hub = coordinator(toy_settings(1), &stop);
  enrol_over_tls(at("chief"), invite(keys(), "chief", {.role = Role::kAdmin}));
  enrol_over_tls(at("east"), invite(keys(), "east"));
  const TlsFiles chief = tls_files(at("chief"), "chief");
  EXPECT_THAT(refusal(ErrorCode::kNotFound, [&] { revoke_over_tls(chief, "chief", address(), "nobody", ""); }), HasSubstr("nobody"));
  EXPECT_EQ(revoke_over_tls(chief, "chief", address(), "east", "left").size(), 1U);
  EXPECT_EQ(state_of("east"), "revoked");
  ToyTrainer trainer(1, 1);
  refusal(ErrorCode::kRefused, [&] { run_site(site("east"), trainer); });
  EXPECT_EQ(list_refused(chief, "chief", address())["refused"][0]["who"], "east");
  EXPECT_THAT(refusal(ErrorCode::kRefused, [&] { list_refused(tls_files(at("east"), "east"), "east", address()); }), HasSubstr("not for the role admin"));
  stop = true;
  hub.get();
}

TEST_F(EnrolmentOverTls, StaleKeysAreSaidToBeSoBeforeWeeksPass) {
  std::atomic<bool> stop = false;
  auto hub = coordinator(toy_settings(1), &stop);
  provision(at("older"), {.coordinator = "hub", .addresses = {"localhost:1"}});
  issue_certificate(at("older"), "east");
  ToyTrainer trainer(1, 1);
  const auto start = std::chrono::steady_clock::now();
  const SiteOptions stale{.name = "east", .coordinator = address(), .tls = tls_files(at("older"), "east"), .folder = at("state_east"), .give_up_seconds = 3600};
  EXPECT_THAT(refusal(ErrorCode::kRefused, [&] { run_site(stale, trainer); }), AllOf(HasSubstr(address()), HasSubstr("older generation"), HasSubstr("ask the owner of the federation for an invitation")));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
  stop = true;
  hub.get();
}

TEST_F(EnrolmentOverTls, WhomTheHandshakeRefusesAsksWhyAndHearsTheCoordinatorsClock) {
  // A certificate that is over by the coordinator's clock, and good by the clock of the site: three days lie between them.
  std::atomic<bool> stop = false;
  auto hub = coordinator(toy_settings(1), &stop);
  enrol_over_tls(at("east"), invite(keys(), "east"));
  const TlsPems own = read_tls_files(tls_files(at("east"), "east"), Role::kSite, "east");
  EXPECT_EQ(refusal_cause(address(), site("east").enrolments, own), std::nullopt) << "the control: nobody objects";
  TlsPems over = own;
  over.certificate = Authority(keys()).certify(public_key_der(parse_private_key(own.key, "own").get()), "east", {.valid_days = 1, .clock = at_time(wall_seconds() - 3 * kDay)});
  const WallClock behind = at_time(wall_seconds() - 3 * kDay);
  const auto cause = refusal_cause(address(), site("east").enrolments, over, behind);
  // By that clock the coordinator's own certificate does not hold yet, which is seen first.
  ASSERT_TRUE(cause);
  EXPECT_FALSE(cause->is_certain);
  EXPECT_THAT(cause->words, AllOf(HasSubstr("the coordinator's certificate is not valid before"), HasSubstr("set the clock here")));
  const auto asked = refusal_cause(address(), site("east").enrolments, over);
  ASSERT_TRUE(asked);
  EXPECT_TRUE(asked->is_certain);
  EXPECT_THAT(asked->words, AllOf(HasSubstr("expired on 20"), HasSubstr("the coordinator's clock says 20")));
  stop = true;
  hub.get();
}

TEST_F(EnrolmentOverTls, AWrongClockIsNamedAsTheReason) {
  std::atomic<bool> stop = false;
  auto hub = coordinator(toy_settings(1), &stop);
  enrol_over_tls(at("east"), invite(keys(), "east"));
  const SiteOptions options = site("east");
  EXPECT_NO_THROW(require_clock(options.tls, options.enrolments));
  EXPECT_THAT(refusal(ErrorCode::kRefused, [&] { require_clock(options.tls, options.enrolments, at_time(wall_seconds() - 5 * kDay)); }),
              AllOf(HasSubstr("east.crt"), HasSubstr("the clock there is 5 days ahead of the clock here"), HasSubstr("set the clock of this machine")));
  EXPECT_THAT(refusal(ErrorCode::kRefused, [&] { require_clock(options.tls, options.enrolments, at_time(wall_seconds() + 900 * kDay + 3600)); }), HasSubstr("900 days behind"));
  stop = true;
  hub.get();
}

TEST_F(EnrolmentOverTls, ABurstOfAttemptsIsSlowedDown) {
  Door door({.keys = keys(), .refused = at("refused.json"), .sites = {}});
  const EnrolmentServer server({.listen = "127.0.0.1:0", .name = "hub", .keys = keys(), .limit = {.per_caller_second = 1e-9, .per_caller_burst = 5}}, door);
  edit_registry(keys(), [&](Registry& registry) { registry.enrolments = {server.address()}; });
  const std::string certificate = read_file(keys() / "hub.crt"), authority = read_file(keys() / "ca.crt");
  int answered = 0;
  for (int n = 0; n < 8; ++n) answered += ask_why({"localhost:" + server.address().substr(server.address().rfind(':') + 1)}, authority, certificate) ? 1 : 0;
  EXPECT_EQ(answered, 5);
}

TEST_F(EnrolmentOverTls, NothingButEnrolmentIsServedThereAndBigMessagesAreNotRead) {
  std::atomic<bool> stop = false;
  auto hub = coordinator(toy_settings(1), &stop);
  enrol_over_tls(at("east"), invite(keys(), "east"));
  SiteOptions wrong_port = site("east");
  wrong_port.coordinator = wrong_port.enrolments.at(0);
  wrong_port.give_up_seconds = 0.5;
  ToyTrainer trainer(1, 1);
  EXPECT_THROW(run_site(wrong_port, trainer), Error);
  EXPECT_EQ(trainer.trained, 0);
  const Explanation control = ask_why(site("east").enrolments, read_file(keys() / "ca.crt"), read_file(at("east") / "east.crt")).value();
  EXPECT_EQ(control.reason, "");
  EXPECT_EQ(ask_why(site("east").enrolments, read_file(keys() / "ca.crt"), std::string(1 << 20, 'x')), std::nullopt);
  stop = true;
  hub.get();
}

}  // namespace
}  // namespace consilium::fl
