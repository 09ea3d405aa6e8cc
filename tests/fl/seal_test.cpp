#include "fl/seal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/rng.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

using consilium::test::refusal;
using testing::HasSubstr;

/// Two peers and an outbound-only site of one federation.
class Seal : public testing::Test {
 protected:
  Seal() {
    init_authority(folder_.path());
    for (const char* name : {"east", "west"}) issue_certificate(folder_.path(), name, {.role = Role::kPeer});
    issue_certificate(folder_.path(), "north");
  }
  TlsPems pems(const std::string& name, Role role = Role::kPeer) const { return read_tls_files(tls_files(folder_.path(), name), role, name); }

  TemporaryFolder folder_;
  const std::string letter_ = std::string("weights\0of a hospital", 21);
};

TEST_F(Seal, IsOpenedByItsRecipientWhoLearnsWhoSignedIt) {
  const TlsPems north = pems("north", Role::kSite);
  const std::string sealed = seal(letter_, pems("east"), north.certificate);
  EXPECT_EQ(sealed.find("weights"), std::string::npos);
  EXPECT_LE(sealed.size(), letter_.size() + kMostSealBytes);
  const Unsealed opened = unseal(sealed, north);
  EXPECT_EQ(opened.bytes, letter_);
  EXPECT_EQ(parse_certificate(opened.signer_pem, "signer").name, "east");
}

TEST_F(Seal, IsOpenedByNobodyElse) {
  const std::string sealed = seal(letter_, pems("east"), pems("west").certificate);
  EXPECT_THAT(refusal(ErrorCode::kCorruptData, [&] { unseal(sealed, pems("north", Role::kSite)); }), HasSubstr("not for this recipient"));
  EXPECT_THAT(refusal(ErrorCode::kCorruptData, [&] { unseal(letter_, pems("west")); }), HasSubstr("that is none"));
}

/// A relay that changes any byte: there is none that may be changed, and none that lets another signer in.
TEST_F(Seal, AnyByteThatIsChangedIsNoticed) {
  const std::string sealed = seal(letter_, pems("east"), pems("west").certificate);
  Rng rng(1);
  int refused = 0;
  for (int n = 0; n < 400; ++n) {
    std::string changed = sealed;
    changed[rng.below(changed.size())] ^= static_cast<char>(1U << rng.below(8));
    try {
      const Unsealed opened = unseal(changed, pems("west"));
      // What is not covered (the order of hints, unused parameters) must not change what is read.
      EXPECT_EQ(opened.bytes, letter_);
      EXPECT_EQ(parse_certificate(opened.signer_pem, "signer").name, "east");
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorruptData) << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, 380);
  EXPECT_THROW(unseal(sealed.substr(0, sealed.size() / 2), pems("west")), Error);
}

}  // namespace
}  // namespace consilium::fl
