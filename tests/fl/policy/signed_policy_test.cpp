#include "fl/policy/signed_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/files.h"

namespace consilium::fl {
namespace {

using testing::HasSubstr;

class SignedPolicy : public testing::Test {
 protected:
  void SetUp() override {
    public_key_ = make_policy_key(key_);
    write_file(policy_, R"({"schema": "consilium.policy/1", "most_rounds": 7})");
  }
  Error refusal() const {
    try {
      read_signed_policy(policy_, public_key_);
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "was accepted";
    return {ErrorCode::kUnexpected, ""};
  }

  const TemporaryFolder folder_;
  const fs::path key_ = folder_.path() / "officer.key", policy_ = folder_.path() / "policy.json";
  fs::path public_key_;
};

TEST_F(SignedPolicy, IsReadWhenItsOwnerSignedIt) {
  sign_policy(policy_, key_);
  EXPECT_EQ(read_signed_policy(policy_, public_key_).most_rounds, 7);
}

TEST_F(SignedPolicy, OpensslAgreesWithTheSignature) {
  sign_policy(policy_, key_);
  const auto openssl = [&](const fs::path& file) {
    return std::system(("openssl pkeyutl -verify -pubin -inkey " + public_key_.string() + " -rawin -in " + file.string() + " -sigfile " + signature_file(policy_).string() + " >/dev/null 2>&1").c_str());
  };
  EXPECT_EQ(openssl(policy_), 0);
  write_file(folder_.path() / "other.json", "{}");
  EXPECT_NE(openssl(folder_.path() / "other.json"), 0);
}

TEST_F(SignedPolicy, UnsignedIsRefusedWithTheRemedy) {
  EXPECT_EQ(refusal().code(), ErrorCode::kRefused);
  EXPECT_THAT(refusal().what(), HasSubstr("consilium policy sign"));
}

TEST_F(SignedPolicy, ChangedAfterwardsIsRefused) {
  sign_policy(policy_, key_);
  write_file(policy_, R"({"schema": "consilium.policy/1", "most_rounds": 8})");
  EXPECT_EQ(refusal().code(), ErrorCode::kRefused);
  EXPECT_THAT(refusal().what(), HasSubstr("changed after it was signed"));
}

TEST_F(SignedPolicy, SignedByAnotherIsRefused) {
  make_policy_key(folder_.path() / "other.key");
  sign_policy(policy_, folder_.path() / "other.key");
  EXPECT_EQ(refusal().code(), ErrorCode::kRefused);
}

TEST_F(SignedPolicy, ATruncatedOrEmptySignatureIsRefused) {
  sign_policy(policy_, key_);
  const std::string signature = read_file(signature_file(policy_));
  EXPECT_EQ(signature.size(), 64U);
  for (const std::size_t size : {0, 1, 63}) {
    write_file(signature_file(policy_), signature.substr(0, size));
    EXPECT_EQ(refusal().code(), ErrorCode::kRefused) << size;
  }
}

TEST_F(SignedPolicy, KeysAreNotReplacedAndThePrivateOneIsSecret) {
  EXPECT_THROW(make_policy_key(key_), Error);
  EXPECT_EQ(fs::status(key_).permissions() & fs::perms::mask, fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(SignedPolicy, AnUnsoundPolicyIsNotSigned) {
  write_file(policy_, R"({"schema": "consilium.policy/1", "least_sites": -1})");
  EXPECT_THROW(sign_policy(policy_, key_), Error);
  EXPECT_FALSE(fs::exists(signature_file(policy_)));
}

TEST_F(SignedPolicy, WhatIsNoKeyIsSaidSo) {
  sign_policy(policy_, key_);
  write_file(public_key_, "no key");
  EXPECT_EQ(refusal().code(), ErrorCode::kCorruptData);
}

}  // namespace
}  // namespace consilium::fl
