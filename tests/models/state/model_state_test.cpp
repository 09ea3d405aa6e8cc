#include "models/state/model_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace consilium {
namespace {

ModelState two_tensors() { return {{{"a.weight", "trunk", {2, 2}, {1, 2, 3, 4}}, {"b.bias", "head", {2}, {5, 6}}}}; }

TEST(ModelState, DigestChangesWithEveryPartOfATensor) {
  const std::string digest_of_original = digest(two_tensors());
  EXPECT_EQ(digest_of_original.size(), 64U);
  EXPECT_EQ(digest(two_tensors()), digest_of_original);
  ModelState other = two_tensors();
  other.tensors[1].values[1] = 6.0000005F;
  EXPECT_NE(digest(other), digest_of_original);
  other = two_tensors();
  other.tensors[0].shape = {4};
  EXPECT_NE(digest(other), digest_of_original);
  other = two_tensors();
  other.tensors[0].group = "head";
  EXPECT_NE(digest(other), digest_of_original);
  other = two_tensors();
  other.tensors[0].name = "a.weights";
  EXPECT_NE(digest(other), digest_of_original);
}

TEST(ModelState, AnotherLayoutIsRefusedByTheTensorsName) {
  ModelState other = two_tensors();
  EXPECT_NO_THROW(require_same_layout(two_tensors(), other));
  other.tensors[1].shape = {1, 2};
  try {
    require_same_layout(two_tensors(), other);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kMismatch);
    EXPECT_THAT(error.what(), testing::HasSubstr("b.bias"));
  }
}

}  // namespace
}  // namespace consilium
