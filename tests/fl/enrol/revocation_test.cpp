#include "fl/enrol/revocation.h"

#include "fl/authority.h"
#include "tests/fl/enrol/federation_keys.h"

namespace consilium::fl {
namespace {

using consilium::test::refusal;
using testing::AllOf;
using testing::HasSubstr;

class Revoking : public test::FederationKeys {
 protected:
  std::string crl() const { return (keys() / "ca.crl").string(); }
  std::string authority() const { return read_file(keys() / "ca.crt"); }
};

TEST_F(Revoking, OpensslReadsTheListAndChecksCertificatesAgainstIt) {
  enrol_here("east");
  enrol_here("west");
  revoke(keys(), "east", {.reason = RevocationReason::kKeyCompromise});
  const auto outcome = openssl({"crl", "-in", crl(), "-CAfile", (keys() / "ca.crt").string(), "-noout", "-text"});
  std::string serial = summary("east").serial;
  for (char& c : serial) c = static_cast<char>(std::toupper(c));
  EXPECT_THAT(outcome.out, AllOf(HasSubstr(serial), HasSubstr("Key Compromise"), HasSubstr("X509v3 CRL Number")));
  EXPECT_THAT(outcome.err, HasSubstr("verify OK"));
  const auto verify = [&](const std::string& name) {
    return openssl({"verify", "-x509_strict", "-crl_check", "-CRLfile", crl(), "-CAfile", (keys() / "ca.crt").string(), (at(name) / (name + ".crt")).string()});
  };
  EXPECT_NE(verify("east").code, 0);
  EXPECT_THAT(verify("east").err, HasSubstr("certificate revoked"));
  EXPECT_EQ(verify("west").code, 0);
}

TEST_F(Revoking, AllCertificatesOfANameGoAndTheListGrows) {
  enrol_here("east");
  const std::string first = summary("east").serial;
  EXPECT_EQ(revoke(keys(), "east"), std::vector<std::string>{first});
  EXPECT_TRUE(revoke(keys(), "east").empty()) << "it is revoked already";
  fs::remove_all(at("east"));
  enrol_here("east");
  const std::string second = summary("east").serial;
  invite(keys(), "west");
  revoke(keys(), "east", {.reason = RevocationReason::kLeft});
  revoke(keys(), "west");
  const RevocationList list = parse_revocation_list(read_file(crl()), authority(), "ca.crl");
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list.at(first).reason, RevocationReason::kUnspecified);
  EXPECT_EQ(list.at(second).reason, RevocationReason::kLeft);
  EXPECT_EQ(state_of("west"), "") << "its invitation is void";
  EXPECT_THAT(refusal(ErrorCode::kNotFound, [&] { revoke(keys(), "north"); }), HasSubstr("north"));
}

TEST_F(Revoking, ACertificateOfBeforeTheRegistryIsRevokedByItsFile) {
  issue_certificate(keys(), "old");
  fs::remove(keys() / "registry.json");
  EXPECT_EQ(revoke(keys(), "old").size(), 1U);
  EXPECT_EQ(state_of("old"), "revoked");
}

TEST_F(Revoking, AListOfAnotherAuthorityIsRefused) {
  provision(at("foreign"));
  const std::string foreign = Authority(at("foreign")).revocation_list({{"0a", 1000, RevocationReason::kUnspecified}}, 1);
  EXPECT_EQ(parse_revocation_list(foreign, read_file(at("foreign") / "ca.crt"), "x").at("a").when, 1000) << "the control";
  EXPECT_THAT(refusal(ErrorCode::kCorruptData, [&] { parse_revocation_list(foreign, authority(), "ca.crl"); }), AllOf(HasSubstr("ca.crl"), HasSubstr("not signed by this federation's authority")));
  EXPECT_THAT(refusal(ErrorCode::kCorruptData, [&] { parse_revocation_list("nonsense", authority(), "ca.crl"); }), HasSubstr("no PEM revocation list"));
}

TEST_F(Revoking, AFileThatGoesBadRevokesNobodyLess) {
  RevocationFile file(keys() / "ca.crl", authority());
  EXPECT_TRUE(file.list().empty());
  enrol_here("east");
  revoke(keys(), "east");
  EXPECT_TRUE(file.refresh());
  EXPECT_EQ(file.list().size(), 1U);
  EXPECT_FALSE(file.refresh()) << "nothing has changed";
  write_file(keys() / "ca.crl", "nonsense");
  EXPECT_THROW(file.refresh(), Error);
  EXPECT_FALSE(file.refresh()) << "said once";
  EXPECT_EQ(file.list().size(), 1U);
  fs::remove(keys() / "ca.crl");
  EXPECT_THAT(refusal(ErrorCode::kNotFound, [&] { file.refresh(); }), HasSubstr("stays revoked"));
  EXPECT_EQ(file.list().size(), 1U);
  refusal(ErrorCode::kCorruptData, [&] {
    write_file(keys() / "ca.crl", "nonsense");
    RevocationFile(keys() / "ca.crl", authority());
  });
}

}  // namespace
}  // namespace consilium::fl
