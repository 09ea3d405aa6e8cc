#include "models/state/model_state.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/error.h"
#include "base/text.h"

namespace consilium {

const NamedTensor* find_tensor(const ModelState& state, const std::string& name) {
  const auto place = std::lower_bound(state.tensors.begin(), state.tensors.end(), name, [](const NamedTensor& tensor, const std::string& wanted) { return tensor.name < wanted; });
  return place != state.tensors.end() && place->name == name ? &*place : nullptr;
}

std::int64_t element_count(const std::vector<std::int64_t>& shape) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) count *= extent;
  return count;
}

std::int64_t value_count(const ModelState& state) {
  std::size_t count = 0;
  for (const NamedTensor& tensor : state.tensors) count += tensor.values.size();
  return static_cast<std::int64_t>(count);
}

void require_same_layout(const ModelState& expected, const ModelState& found) {
  const std::size_t common = std::min(expected.tensors.size(), found.tensors.size());
  for (std::size_t i = 0; i < common; ++i) {
    const NamedTensor& a = expected.tensors[i];
    const NamedTensor& b = found.tensors[i];
    require(a.name == b.name, ErrorCode::kMismatch, "expected tensor \"" + a.name + "\", found \"" + b.name + "\"");
    require(a.group == b.group, ErrorCode::kMismatch, "tensor \"" + a.name + "\": expected group " + a.group + ", found " + b.group);
    require(a.shape == b.shape && a.values.size() == b.values.size(), ErrorCode::kMismatch, "tensor \"" + a.name + "\" has another shape");
  }
  require(expected.tensors.size() == found.tensors.size(), ErrorCode::kMismatch,
          "expected " + std::to_string(expected.tensors.size()) + " tensors, found " + std::to_string(found.tensors.size()));
}

std::string digest(const ModelState& state) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  const auto add = [&](const void* bytes, std::size_t count) {
    // The length goes first, so that ("ab", "c") and ("a", "bc") differ.
    const std::uint64_t length = count;
    EVP_DigestUpdate(context.get(), &length, sizeof length);
    EVP_DigestUpdate(context.get(), bytes, count);
  };
  for (const NamedTensor& tensor : state.tensors) {
    add(tensor.name.data(), tensor.name.size());
    add(tensor.group.data(), tensor.group.size());
    add(tensor.shape.data(), tensor.shape.size() * sizeof(std::int64_t));
    add(tensor.values.data(), tensor.values.size() * sizeof(float));
  }
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  EVP_DigestFinal_ex(context.get(), hash, &length);
  return to_hexadecimal({reinterpret_cast<const char*>(hash), length});
}

}  // namespace consilium
