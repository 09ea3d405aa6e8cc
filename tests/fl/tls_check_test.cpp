#include "fl/tls_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/support/expired_certificate.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

using consilium::test::refusal;
using testing::HasSubstr;

class TlsCheck : public testing::Test {
 protected:
  TlsCheck() {
    init_authority(keys());
    issue_certificate(keys(), "hub", {.role = Role::kCoordinator, .hosts = {"localhost"}});
    for (const char* name : {"east", "west"}) issue_certificate(keys(), name);
  }
  fs::path keys() const { return folder.path() / "keys"; }
  std::string refused(ErrorCode code, const TlsFiles& files, const std::string& name, Role role = Role::kSite) const {
    return refusal(code, [&] { read_tls_files(files, role, name); });
  }
  TemporaryFolder folder;
};

TEST_F(TlsCheck, SoundFilesPass) {
  const TlsPems pems = read_tls_files(tls_files(keys(), "east"), Role::kSite, "east");
  EXPECT_EQ(pems.certificate, read_file(keys() / "east.crt"));
  EXPECT_NO_THROW(read_tls_files(tls_files(keys(), "hub"), Role::kCoordinator, "hub"));
}

TEST_F(TlsCheck, AMissingFileIsNamed) {
  EXPECT_THAT(refused(ErrorCode::kNotFound, tls_files(keys(), "north"), "north"), HasSubstr("north.crt"));
  fs::remove(keys() / "east.key");
  EXPECT_THAT(refused(ErrorCode::kNotFound, tls_files(keys(), "east"), "east"), HasSubstr("east.key"));
}

TEST_F(TlsCheck, TheOtherRoleIsRefused) {
  EXPECT_THAT(refused(ErrorCode::kRefused, tls_files(keys(), "hub"), "hub"),
              testing::AllOf(HasSubstr("hub.crt"), HasSubstr("coordinator, not for the role site")));
  EXPECT_THAT(refused(ErrorCode::kRefused, tls_files(keys(), "east"), "east", Role::kCoordinator),
              HasSubstr("site, not for the role coordinator"));
  EXPECT_THAT(refused(ErrorCode::kRefused, {keys() / "ca.crt", keys() / "ca.crt", keys() / "ca.key"}, "ca"),
              HasSubstr("authority"));
}

TEST_F(TlsCheck, AnotherAuthorityIsRefused) {
  init_authority(folder.path() / "other");
  issue_certificate(folder.path() / "other", "east");
  TlsFiles files = tls_files(folder.path() / "other", "east");
  files.authority = keys() / "ca.crt";
  EXPECT_THAT(refused(ErrorCode::kRefused, files, "east"), testing::AllOf(HasSubstr("east.crt"), HasSubstr("ca.crt")));
}

TEST_F(TlsCheck, AnExpiredCertificateSaysWhenItEnded) {
  consilium::test::expire_certificate(keys(), "east");
  EXPECT_THAT(refused(ErrorCode::kRefused, tls_files(keys(), "east"), "east"),
              testing::AllOf(HasSubstr("east.crt"), HasSubstr("expired on 20"), HasSubstr("keys issue")));
}

TEST_F(TlsCheck, TheKeyOfAnotherIsRefused) {
  TlsFiles files = tls_files(keys(), "east");
  files.key = keys() / "west.key";
  EXPECT_THAT(refused(ErrorCode::kMismatch, files, "east"),
              testing::AllOf(HasSubstr("west.key"), HasSubstr("is not the key of"), HasSubstr("east.crt")));
}

TEST_F(TlsCheck, ARenamedCertificateKeepsItsName) {
  fs::copy_file(keys() / "west.crt", keys() / "south.crt");
  fs::copy_file(keys() / "west.key", keys() / "south.key");
  EXPECT_THAT(refused(ErrorCode::kMismatch, tls_files(keys(), "south"), "south"),
              testing::AllOf(HasSubstr("\"west\""), HasSubstr("\"south\"")));
}

TEST_F(TlsCheck, WhatIsNoPemIsDamaged) {
  const std::string key = read_file(keys() / "east.key"), certificate = read_file(keys() / "east.crt");
  write_file(keys() / "east.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
  EXPECT_THAT(refused(ErrorCode::kCorruptData, tls_files(keys(), "east"), "east"), HasSubstr("east.key"));
  write_file(keys() / "east.key", key);
  write_file(keys() / "east.crt", certificate.substr(0, certificate.size() / 2));
  EXPECT_THAT(refused(ErrorCode::kCorruptData, tls_files(keys(), "east"), "east"), HasSubstr("east.crt"));
  write_file(keys() / "east.crt", certificate);
  write_file(keys() / "ca.crt", "");
  EXPECT_THAT(refused(ErrorCode::kCorruptData, tls_files(keys(), "east"), "east"), HasSubstr("ca.crt"));
}

}  // namespace
}  // namespace consilium::fl
