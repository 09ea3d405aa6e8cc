#include <arpa/inet.h>
#include <sys/socket.h>

#include "tests/scenario/tiny_federation.h"
#include "tests/support/expired_certificate.h"

namespace consilium {
namespace {

using test::Outcome;
using testing::AllOf;
using testing::HasSubstr;

/// A federation of east and west whose coordinator waits for them; nobody is to be let in who does not belong to it.
class Certificates : public test::TinyFederation {
 protected:
  Certificates() {
    make({"east", "west"}, training(1, 2));
    hub = coordinator();
    EXPECT_TRUE(test::wait_until([&] { return fs::exists(path("hub/address")); })) << hub->err();
    address = read_file(path("hub/address"));
    address.pop_back();
  }
  ~Certificates() override {
    EXPECT_TRUE(hub->running()) << "no stranger may end the coordinator: " << hub->err();
    EXPECT_FALSE(fs::exists(path("hub/progress.json"))) << "no stranger may take part";
  }

  /// east joins with these settings changed.
  Outcome join(const Json& changes) const {
    Json json = site_settings("east");
    if (!changes.is_null()) json.update(changes);
    json["coordinator"] = address;
    write_json("intruder.json", json);
    return run({"join", path("intruder.json")});
  }
  /// OpenSSL's own client, which checks nothing about itself before it calls. 1 when the server cuts the connection off.
  static constexpr int kCutOff = 1;
  Outcome call(const std::vector<std::string>& options, const std::string& version, double patience_seconds = 30) const {
    std::vector<std::string> words{
        "/usr/bin/openssl", "s_client",          "-connect", address, "-servername", "localhost",
        "-CAfile",          path("keys/ca.crt"), "-alpn",    "h2",    version,       "-verify_return_error"};
    words.insert(words.end(), options.begin(), options.end());
    // In TLS 1.3 the handshake is over for the client before the server has looked at its certificate: wait for its judgement.
    if (version == "-tls1_3") words.emplace_back("-ign_eof");
    test::Process client(words);
    const int code = client.wait(patience_seconds);
    return {code, client.out(), client.err()};
  }
  std::vector<std::string> as(const std::string& keys, const std::string& name) const {
    return {"-cert", path(keys + "/" + name + ".crt"), "-key", path(keys + "/" + name + ".key")};
  }

  std::unique_ptr<test::Process> hub;
  std::string address;
};

TEST_F(Certificates, ASiteOfAnotherAuthorityIsRefused) {
  ok({"keys", "init", path("foreign")});
  ok({"keys", "issue", path("foreign"), "east"});
  // It trusts its own authority only: it does not know this coordinator, and says so instead of trying for its hour.
  const Outcome stranger = join({{"keys", "foreign"}, {"give_up_seconds", 3600}});
  EXPECT_EQ(stranger.code, 9);
  EXPECT_THAT(stranger.err, AllOf(HasSubstr(address), HasSubstr("not signed by the authority in this site's ca.crt"), HasSubstr("ask the owner")));
  // With this federation's authority beside its own certificate the mistake is found before a call is made.
  fs::remove(path("foreign/ca.crt"));
  fs::copy_file(path("keys/ca.crt"), path("foreign/ca.crt"));
  const Outcome mixed = join({{"keys", "foreign"}});
  EXPECT_EQ(mixed.code, 9);
  EXPECT_THAT(mixed.err, AllOf(HasSubstr("east.crt"), HasSubstr("does not pass with the authority")));
}

TEST_F(Certificates, RolesAreNotExchanged) {
  const Outcome as_site = join({{"name", "hub"}});
  EXPECT_EQ(as_site.code, 9);
  EXPECT_THAT(as_site.err, AllOf(HasSubstr("hub.crt"), HasSubstr("coordinator, not for the role site")));
  Json json = hub_settings();
  json["name"] = "east";
  json["folder"] = "hub2";
  write_json("hub2.json", json);
  const Outcome as_hub = run({"coordinate", path("hub2.json")});
  EXPECT_EQ(as_hub.code, 9);
  EXPECT_THAT(as_hub.err, AllOf(HasSubstr("east.crt"), HasSubstr("site, not for the role coordinator")));
}

TEST_F(Certificates, AnExpiredOneIsRefusedWithItsDate) {
  test::expire_certificate(path("keys"), "east");
  const Outcome outcome = join({});
  EXPECT_EQ(outcome.code, 9);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("east.crt"), HasSubstr("expired on 20")));
}

TEST_F(Certificates, ANameThatTheFederationDoesNotKnowIsRefused) {
  ok({"keys", "issue", path("keys"), "south"});
  const Outcome outcome = join({{"name", "south"}, {"folder", "state/south"}});
  EXPECT_EQ(outcome.code, 9);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("south"), HasSubstr("does not belong to this federation")));
}

TEST_F(Certificates, TheFilesOfAnotherAreNotTakenForOnesOwn) {
  fs::create_directories(path("mixed"));
  for (const char* name : {"ca.crt", "east.crt"})
    fs::copy_file(path(std::string("keys/") + name), path(std::string("mixed/") + name));
  const Outcome missing = join({{"keys", "mixed"}});
  EXPECT_EQ(missing.code, 3);
  EXPECT_THAT(missing.err, HasSubstr("mixed/east.key"));
  fs::copy_file(path("keys/west.key"), path("mixed/east.key"));
  const Outcome key = join({{"keys", "mixed"}});
  EXPECT_EQ(key.code, 6);
  EXPECT_THAT(key.err, HasSubstr("is not the key of"));
  fs::copy_file(path("keys/west.crt"), path("mixed/east.crt"), fs::copy_options::overwrite_existing);
  const Outcome renamed = join({{"keys", "mixed"}});
  EXPECT_EQ(renamed.code, 6);
  EXPECT_THAT(renamed.err, HasSubstr("\"west\""));
  write_file(path("mixed/east.crt"), "-----BEGIN CERTIFICATE-----\n");
  const Outcome damaged = join({{"keys", "mixed"}});
  EXPECT_EQ(damaged.code, 4);
  EXPECT_THAT(damaged.err, HasSubstr("mixed/east.crt"));
}

TEST_F(Certificates, TheCoordinatorItselfRefusesWhomNoClientStops) {
  ok({"keys", "init", path("foreign")});
  ok({"keys", "issue", path("foreign"), "east"});
  for (const std::string version : {"-tls1_2", "-tls1_3"}) {
    EXPECT_NE(call(as("keys", "west"), version, 1).code, kCutOff) << version << ": the control, a member gets in";
    EXPECT_EQ(call({}, version).code, kCutOff) << version << ": no certificate";
    EXPECT_EQ(call(as("keys", "hub"), version).code, kCutOff) << version << ": a coordinator's";
    EXPECT_EQ(call(as("foreign", "east"), version).code, kCutOff) << version << ": another authority's";
    EXPECT_NE(call(as("keys", "east"), version, 1).code, kCutOff) << version << ": the control, before its time is over";
  }
  test::expire_certificate(path("keys"), "east");
  for (const std::string version : {"-tls1_2", "-tls1_3"})
    EXPECT_EQ(call(as("keys", "east"), version).code, kCutOff) << version << ": expired";
}

TEST_F(Certificates, APlainTextClientHearsNothing) {
  const int port = std::stoi(address.substr(address.rfind(':') + 1));
  const int line = socket(AF_INET6, SOCK_STREAM, 0);
  sockaddr_in6 where{};
  where.sin6_family = AF_INET6;
  where.sin6_port = htons(static_cast<std::uint16_t>(port));
  where.sin6_addr = in6addr_loopback;
  int connected = connect(line, reinterpret_cast<sockaddr*>(&where), sizeof where);
  int four = -1;
  if (connected != 0) {
    four = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in there{};
    there.sin_family = AF_INET;
    there.sin_port = htons(static_cast<std::uint16_t>(port));
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected = connect(four, reinterpret_cast<sockaddr*>(&there), sizeof there);
  }
  ASSERT_EQ(connected, 0);
  const int open_line = four >= 0 ? four : line;
  const timeval patience{5, 0};
  setsockopt(open_line, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string("\0\0\0\4\0\0\0\0\0", 9);
  ASSERT_EQ(send(open_line, preface.data(), preface.size(), MSG_NOSIGNAL), static_cast<ssize_t>(preface.size()));
  char answer[256];
  std::string heard;
  for (ssize_t count = 0; (count = recv(open_line, answer, sizeof answer, 0)) > 0;)
    heard.append(answer, static_cast<std::size_t>(count));
  // At most a TLS alert (record type 21), never an HTTP/2 frame.
  EXPECT_TRUE(heard.empty() || heard[0] == 21) << "heard " << heard.size() << " bytes";
  close(line);
  if (four >= 0) close(four);
}

}  // namespace
}  // namespace consilium
