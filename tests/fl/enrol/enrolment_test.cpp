#include "base/text.h"
#include "fl/enrol/enrolment.h"

#include <openssl/rsa.h>
#include <sys/stat.h>

#include "fl/enrol/token.h"
#include "fl/tls_check.h"
#include "fl/x509.h"
#include "tests/fl/enrol/federation_keys.h"

namespace consilium::fl {
namespace {

using consilium::test::refusal;
using test::at_time;
using testing::AllOf;
using testing::HasSubstr;

class Enrolment : public test::FederationKeys {
 protected:
  std::string refused(const std::string& request, const std::string& name, ErrorCode code = ErrorCode::kRefused, const WallClock& clock = wall_seconds) const {
    return refusal(code, [&] { enrol(keys(), request, name, clock); });
  }
};

TEST_F(Enrolment, MakesACertificateThatOpensslAccepts) {
  enrol_here("east");
  const std::string certificate = (at("east") / "east.crt").string();
  EXPECT_EQ(openssl({"verify", "-x509_strict", "-CAfile", (at("east") / "ca.crt").string(), "-purpose", "sslclient", certificate}).code, 0);
  EXPECT_NE(openssl({"verify", "-x509_strict", "-CAfile", (keys() / "ca.crt").string(), "-purpose", "sslserver", certificate}).code, 0);
  EXPECT_THAT(openssl({"x509", "-in", certificate, "-noout", "-subject"}).out, AllOf(HasSubstr("CN = east"), HasSubstr("OU = site")));
  EXPECT_EQ(state_of("east"), "enrolled");
}

TEST_F(Enrolment, TheKeyStaysWhereItWasMadeAndIsItsOwnersOnly) {
  const Invitation invitation = invite(keys(), "east");
  const std::string request = begin_enrolment(at("east"), invitation);
  struct stat status {};
  ASSERT_EQ(stat((at("east") / "east.key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_EQ(request.find("PRIVATE"), std::string::npos);
  finish_enrolment(at("east"), invitation, enrol(keys(), request, "east"));
  EXPECT_FALSE(fs::exists(keys() / "east.key"));
  EXPECT_EQ(read_member_record(at("east"), "east"), (MemberRecord{"east", Role::kSite, {"localhost:7443"}, {"localhost:7444"}}));
}

TEST_F(Enrolment, TheTokenIsNowhereAtTheAuthority) {
  const Invitation invitation = invite(keys(), "east");
  EXPECT_EQ(invitation.token.size(), 32U);
  EXPECT_NE(invite(keys(), "west").token, invitation.token);
  const std::string registry = read_file(keys() / "registry.json");
  EXPECT_EQ(registry.find(to_hexadecimal(invitation.token)), std::string::npos);
  EXPECT_THAT(registry, HasSubstr(token_fingerprint(invitation.token)));
  EXPECT_EQ(begin_enrolment(at("east"), invitation).find(to_hexadecimal(invitation.token)), std::string::npos);
}

TEST_F(Enrolment, OneTokenGivesOneCertificate) {
  const Invitation invitation = invite(keys(), "east");
  const std::string request = begin_enrolment(at("east"), invitation);
  const std::string certificate = enrol(keys(), request, "east");
  EXPECT_EQ(enrol(keys(), request, "east"), certificate) << "an answer that was lost on the way is given again";
  EXPECT_THAT(refused(begin_enrolment(at("thief"), invitation), "east"), HasSubstr("used already, for another key"));
  EXPECT_EQ(state_of("east"), "enrolled");
  revoke(keys(), "east");
  EXPECT_THAT(refused(request, "east"), HasSubstr("was revoked on 20"));
}

TEST_F(Enrolment, ATokenIsForItsNameWhateverTheRequestSays) {
  const Invitation east = invite(keys(), "east");
  invite(keys(), "west");
  EXPECT_THAT(refused(begin_enrolment(at("east"), east), "west"), AllOf(HasSubstr("for \"east\""), HasSubstr("not for \"west\"")));
  const std::string posing = make_request("west", east.token).request_pem;
  EXPECT_EQ(parse_certificate(enrol(keys(), posing, "east"), "made").name, "east") << "the subject of a request is not read";
  EXPECT_EQ(state_of("west"), "invited");
}

TEST_F(Enrolment, AnInvitationEndsInTimeAndWithTheNextOne) {
  const Invitation first = invite(keys(), "east", {.valid_days = 2});
  EXPECT_THAT(refused(begin_enrolment(at("east"), first), "east", ErrorCode::kRefused, at_time(wall_seconds() + 3 * kDay)), HasSubstr("expired on 20"));
  EXPECT_EQ(state_of("east", wall_seconds() + 3 * kDay), "expired");
  EXPECT_EQ(state_of("east"), "invited");
  const Invitation second = invite(keys(), "east");
  EXPECT_THAT(refused(begin_enrolment(at("east"), first), "east"), HasSubstr("no invitation of this federation"));
  EXPECT_NO_THROW(enrol(keys(), begin_enrolment(at("east"), second), "east"));
  EXPECT_THAT(refusal(ErrorCode::kCannotWrite, [&] { invite(keys(), "east"); }), HasSubstr("has a certificate that holds"));
  revoke(keys(), "east");
  EXPECT_NO_THROW(invite(keys(), "east"));
}

TEST_F(Enrolment, ARequestWhoseProofIsOfAnotherKeyIsRefused) {
  const Invitation invitation = invite(keys(), "east");
  const ParsedRequest own = parse_request(make_request("east", invitation.token).request_pem, "own");
  const ParsedRequest other = parse_request(make_request("east").request_pem, "other");
  EXPECT_EQ(prover_of(own.proof, own.public_key_der), token_fingerprint(invitation.token));
  EXPECT_THAT(refusal(ErrorCode::kRefused, [&] { prover_of(own.proof, other.public_key_der); }), HasSubstr("does not belong to its key"));
  EXPECT_THAT(refused(make_request("east").request_pem, "east"), HasSubstr("no proof"));
  EXPECT_THAT(refused(make_request("east", make_token()).request_pem, "east"), HasSubstr("no invitation of this federation"));
}

TEST_F(Enrolment, OnlyP256KeysAreCertified) {
  const auto request_for = [](EVP_PKEY* key) {
    const CertificateRequest request(X509_REQ_new());
    X509_REQ_set_pubkey(request.get(), key);
    X509_REQ_sign(request.get(), key, EVP_sha256());
    return to_pem(request.get());
  };
  EXPECT_THAT(refused(request_for(Key(EVP_RSA_gen(2048)).get()), "east"), HasSubstr("another kind of key than P-256"));
  EXPECT_THAT(refused(request_for(Key(EVP_EC_gen("secp256k1")).get()), "east"), HasSubstr("P-256"));
  std::string damaged = make_request("east", make_token()).request_pem;
  damaged[damaged.size() / 2] = damaged[damaged.size() / 2] == 'A' ? 'B' : 'A';
  EXPECT_THROW(enrol(keys(), damaged, "east"), Error);
  EXPECT_THAT(refused(std::string(9000, 'x'), "east", ErrorCode::kCorruptData), HasSubstr("9000 bytes"));
  EXPECT_THAT(refused("", "east", ErrorCode::kCorruptData), HasSubstr("no PEM certificate request"));
}

TEST_F(Enrolment, ARequestThatIsNotSignedByItsOwnKeyIsRefused) {
  const Key own(EVP_EC_gen("P-256")), other(EVP_EC_gen("P-256"));
  const CertificateRequest request(X509_REQ_new());
  X509_REQ_set_pubkey(request.get(), own.get());
  X509_REQ_sign(request.get(), other.get(), EVP_sha256());
  EXPECT_THAT(refused(to_pem(request.get()), "east", ErrorCode::kCorruptData), HasSubstr("not signed by the key"));
}

TEST_F(Enrolment, ACertificateIsForTheRoleOfTheInvitation) {
  enrol_here("nurse", {.role = Role::kObserver});
  EXPECT_EQ(summary("nurse").role, "observer");
  enrol_here("chief", {.role = Role::kAdmin, .certificate_days = 30});
  EXPECT_EQ(summary("chief").role, "admin");
  EXPECT_NEAR(static_cast<double>(summary("chief").not_after - wall_seconds()), 30.0 * kDay, 60.0);
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { invite(keys(), "hub2", {.role = Role::kCoordinator}); }), HasSubstr("hosts"));
}

TEST_F(Enrolment, AnAnswerOfAnotherAuthorityIsNotTakenForOnesOwn) {
  const Invitation invitation = invite(keys(), "east");
  const std::string request = begin_enrolment(at("east"), invitation);
  provision(at("foreign"));
  const Invitation foreign = invite(at("foreign"), "east");
  const std::string certificate = enrol(at("foreign"), begin_enrolment(at("elsewhere"), foreign));
  EXPECT_THROW(finish_enrolment(at("east"), invitation, certificate), Error);
  EXPECT_FALSE(fs::exists(at("east") / "east.crt"));
  EXPECT_NO_THROW(finish_enrolment(at("east"), invitation, enrol(keys(), request)));
  EXPECT_THAT(refusal(ErrorCode::kMismatch, [&] { begin_enrolment(at("east"), Invitation{.name = "west", .token = foreign.token, .authority_pem = foreign.authority_pem}); }), HasSubstr("another federation"));
}

TEST_F(Enrolment, ARenewalReplacesKeyAndCertificateOnceItIsConfirmed) {
  enrol_here("east");
  const CertificateSummary old = summary("east");
  const std::string request = begin_rotation(at("east"), "east");
  const std::string certificate = renew(keys(), old.serial, request);
  EXPECT_EQ(renew(keys(), old.serial, begin_rotation(at("east"), "east")), certificate) << "cut off and begun again";
  finish_rotation(at("east"), "east", certificate);
  EXPECT_EQ(state_of("east"), "enrolled enrolled") << "nobody is locked out in between";
  const CertificateSummary made = summary("east");
  EXPECT_NE(made.key_fingerprint, old.key_fingerprint);
  EXPECT_EQ(made.not_after - made.not_before, old.not_after - old.not_before);
  confirm_renewal(keys(), made.serial);
  EXPECT_EQ(state_of("east"), "revoked enrolled");
  EXPECT_THAT(refusal(ErrorCode::kRefused, [&] { renew(keys(), old.serial, make_request("east").request_pem); }), HasSubstr("was revoked"));
  EXPECT_THAT(refusal(ErrorCode::kRefused, [&] { renew(keys(), "0123", make_request("east").request_pem); }), HasSubstr("not in the registry"));
}

TEST_F(Enrolment, AMemberCannotFillTheRegistryWithRenewals) {
  enrol_here("east");
  const std::string serial = summary("east").serial;
  for (int n = 0; n < 4; ++n) renew(keys(), serial, make_request("east").request_pem);
  EXPECT_THAT(refusal(ErrorCode::kRefused, [&] { renew(keys(), serial, make_request("east").request_pem); }), HasSubstr("4 times"));
}

TEST_F(Enrolment, ARotationThatWasKilledBetweenItsTwoFilesIsCompleted) {
  enrol_here("east");
  const std::string old_key = read_file(at("east") / "east.key");
  const std::string certificate = renew(keys(), summary("east").serial, begin_rotation(at("east"), "east"));
  // As finish_rotation leaves it when it is killed after the key went to its place.
  write_file(at("east") / "east.next.crt", certificate);
  fs::rename(at("east") / "east.next.key", at("east") / "east.key");
  complete_rotation(at("east"), "east");
  EXPECT_EQ(read_file(at("east") / "east.crt"), certificate);
  EXPECT_NE(read_file(at("east") / "east.key"), old_key);
  EXPECT_NO_THROW(read_tls_files(tls_files(at("east"), "east"), Role::kSite, "east"));
}

TEST_F(Enrolment, ACoordinatorsCertificateIsRotatedWhereTheAuthorityIs) {
  const std::string old = parse_certificate(read_file(keys() / "hub.crt"), "hub").serial;
  EXPECT_NE(rotate_here(keys(), "hub"), old);
  EXPECT_EQ(state_of("hub"), "revoked enrolled");
  EXPECT_THAT(openssl({"x509", "-in", (keys() / "hub.crt").string(), "-noout", "-text"}).out, HasSubstr("DNS:localhost"));
}

TEST_F(Enrolment, AnInvitationFileIsReadBackAndADamagedOneIsRefusedByName) {
  const Invitation invitation = invite(keys(), "east");
  const fs::path file = write_invitation(at("out"), invitation);
  EXPECT_EQ(read_invitation(file), invitation);
  struct stat status {};
  ASSERT_EQ(stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U) << "whoever reads it can enrol";
  const auto with = [&](const std::string& key, const Json& value) {
    Json json = to_json(invitation);
    json[key] = value;
    try {
      parse_invitation(json, "east.json");
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_THAT(with("token", "00"), HasSubstr("east.json.token"));
  EXPECT_THAT(with("token", std::string(64, 'g')), HasSubstr("hexadecimal"));
  EXPECT_THAT(with("name", "../east"), HasSubstr("../east"));
  EXPECT_THAT(with("role", "king"), HasSubstr("east.json.role"));
  EXPECT_THAT(with("expires", "soon"), HasSubstr("east.json.expires"));
  EXPECT_THAT(with("authority", "none"), HasSubstr("east.json.authority"));
  EXPECT_THAT(with("authority", read_file(keys() / "hub.crt")), HasSubstr("not the certificate of an authority"));
  EXPECT_THAT(with("coordinators", {"hub"}), HasSubstr("host:port"));
  EXPECT_THAT(with("coordinators", std::vector<std::string>(17, "hub:1")), HasSubstr("16"));
  EXPECT_THAT(with("colour", 1), HasSubstr("colour"));
}

TEST(InvitationQuota, OpenInvitationsAndCertificatesTakePlacesAndRevocationFreesThem) {
  const TemporaryFolder folder;
  init_authority(folder.path());
  edit_registry(folder.path(), [](Registry& registry) { registry.most_sites = 2; });
  invite(folder.path(), "a");
  invite(folder.path(), "a");  // another one for the same name takes no further place
  invite(folder.path(), "b");
  EXPECT_THAT(refusal(ErrorCode::kRefused, [&] { invite(folder.path(), "c"); }), HasSubstr("has its 2 sites"));
  EXPECT_EQ(read_registry(folder.path()).find("c"), nullptr);
  invite(folder.path(), "watcher", {.role = Role::kObserver});  // who does not train takes no place
  revoke(folder.path(), "b");
  invite(folder.path(), "c");
  const WallClock later = [] { return wall_seconds() + 86400LL * 30; };
  invite(folder.path(), "d", {.clock = later});  // a and c never came: their invitations are over
}

TEST(InvitationQuota, AHospitalHasOneSite) {
  const TemporaryFolder folder;
  init_authority(folder.path());
  invite(folder.path(), "a", {.institution = "St. Mary"});
  EXPECT_THAT(refusal(ErrorCode::kRefused, [&] { invite(folder.path(), "b", {.institution = "st.  mary "}); }), HasSubstr("as \"a\": one hospital, one certificate"));
  invite(folder.path(), "a", {.institution = "St. Mary"});
  invite(folder.path(), "b", {.institution = "St. John"});
  EXPECT_EQ(read_registry(folder.path()).find("a")->institution, "St. Mary");
  EXPECT_EQ(read_registry(folder.path()).find("b")->institution, "St. John");
}

}  // namespace
}  // namespace consilium::fl
