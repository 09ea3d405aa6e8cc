#include "fl/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "tests/support/program.h"

namespace consilium::fl {
namespace {

using consilium::test::run_program;

class Keys : public testing::Test {
 protected:
  Keys() {
    init_authority(folder.path());
    issue_certificate(folder.path(), "hub", {.role = Role::kCoordinator, .hosts = {"localhost", "127.0.0.1"}});
    issue_certificate(folder.path(), "site_a");
  }
  std::string file(const char* name) const { return (folder.path() / name).string(); }
  TemporaryFolder folder;
};

TEST_F(Keys, OpensslAcceptsEachCertificateForItsRoleOnly) {
  const auto verify = [&](const char* purpose, const char* name) { return run_program({"/usr/bin/openssl", "verify", "-x509_strict", "-CAfile", file("ca.crt"), "-purpose", purpose, file(name)}).code; };
  EXPECT_EQ(verify("sslserver", "hub.crt"), 0);
  EXPECT_NE(verify("sslclient", "hub.crt"), 0);
  EXPECT_EQ(verify("sslclient", "site_a.crt"), 0);
  EXPECT_NE(verify("sslserver", "site_a.crt"), 0);
}

TEST_F(Keys, OpensslReadsTheHostsOfACoordinator) {
  const auto outcome = run_program({"/usr/bin/openssl", "x509", "-in", file("hub.crt"), "-noout", "-text"});
  EXPECT_THAT(outcome.out, testing::AllOf(testing::HasSubstr("DNS:localhost"), testing::HasSubstr("IP Address:127.0.0.1"), testing::HasSubstr("OU = coordinator")));
}

TEST_F(Keys, KeysAreReadableByTheirOwnerOnly) {
  for (const char* name : {"ca.key", "hub.key", "site_a.key"}) {
    struct stat status {};
    ASSERT_EQ(stat(file(name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U) << name;
  }
}

TEST_F(Keys, ASummarySaysWhoAndUntilWhen) {
  const auto all = list_certificates(folder.path());
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[2].name, "site_a");
  EXPECT_EQ(all[2].role, "site");
  EXPECT_GT(all[2].not_after, wall_seconds());
  const auto outcome = run_program({"/usr/bin/openssl", "x509", "-in", file("site_a.crt"), "-noout", "-fingerprint", "-sha256"});
  std::string print;
  for (const char c : outcome.out.substr(outcome.out.find('=') + 1))
    if (std::isxdigit(static_cast<unsigned char>(c))) print += static_cast<char>(std::tolower(c));
  EXPECT_EQ(all[2].fingerprint, print);
}

TEST_F(Keys, NothingIsReplacedAndNothingIsMadeUp) {
  EXPECT_THROW(init_authority(folder.path()), Error);
  EXPECT_THROW(issue_certificate(folder.path(), "site_a"), Error);
  EXPECT_THROW(issue_certificate(folder.path(), "../evil"), Error);
  EXPECT_THROW(issue_certificate(folder.path(), "ca"), Error);
  EXPECT_THROW(issue_certificate(folder.path(), "hub2", {.role = Role::kCoordinator, .hosts = {}}), Error);
  EXPECT_THROW(issue_certificate(folder.path() / "nowhere", "site_b"), Error);
  EXPECT_THROW(parse_certificate("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "x.crt"), Error);
}

TEST_F(Keys, AnEncryptedCertificateIsRefusedInsteadOfAskingForAPassphrase) {
  std::string pem = read_file(file("site_a.crt"));
  pem.replace(pem.find('\n'), 1, "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n");
  try {
    parse_certificate(pem, "odd.crt");
    FAIL() << "was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
    EXPECT_THAT(error.what(), testing::HasSubstr("odd.crt: is no PEM certificate"));
  }
}

}  // namespace
}  // namespace consilium::fl
