#include "fl/known_certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"

namespace consilium::fl {
namespace {

struct Authority {
  Authority() {
    init_authority(folder.path());
    issue_certificate(folder.path(), "site_a");
  }
  std::string pem(const char* name) const { return read_file(folder.path() / name); }
  TemporaryFolder folder;
};

TEST(KnownCertificate, IsReadOnceAndSaysWhatTheReaderSays) {
  const Authority authority;
  const std::string pem = authority.pem("site_a.crt");
  const auto known = known_certificate(pem, "it");
  EXPECT_EQ(known, known_certificate(pem, "the same from elsewhere"));
  EXPECT_EQ(known->summary.fingerprint, parse_certificate(pem, "it").fingerprint);
  EXPECT_EQ(known->pem, pem);
}

TEST(KnownCertificate, WhatIsNoneIsSaidEveryTime) {
  for (int n = 0; n < 2; ++n) EXPECT_THROW(known_certificate("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "it"), Error);
}

TEST(KnownCertificate, ItsAuthorityIsAskedForEveryAuthority) {
  const Authority own, other;
  const std::string pem = own.pem("site_a.crt");
  for (int n = 0; n < 2; ++n) {
    EXPECT_EQ(lasting_chain_fault(pem, own.pem("ca.crt"), "it"), "");
    EXPECT_NE(lasting_chain_fault(pem, other.pem("ca.crt"), "it"), "");
  }
}

/// Somebody who shows another text with every call fills no memory.
TEST(KnownCertificate, OnlySoManyAreRemembered) {
  const Authority authority;
  const std::string pem = authority.pem("site_a.crt");
  const std::weak_ptr<const KnownCertificate> first = known_certificate(pem, "it");
  for (std::size_t n = 0; n <= kMostKnownCertificates; ++n) known_certificate(pem + std::string(n + 1, '\n'), "it");
  EXPECT_TRUE(first.expired());
}

}  // namespace
}  // namespace consilium::fl
