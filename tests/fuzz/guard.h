#pragma once

#include <stdexcept>
#include <string>

#include "base/error.h"

namespace consilium::fuzz {

/// A promise that the code under test broke.
struct Broken : std::logic_error {
  using std::logic_error::logic_error;
};

inline void expect(bool kept, const std::string& promise) {
  if (!kept) throw Broken(promise);
}

/// Runs `attempt`; a refusal is fine when it is one of ours and says why. True when nothing was refused.
template <typename Attempt>
bool accepted(const Attempt& attempt) {
  try {
    attempt();
    return true;
  } catch (const Error& error) {
    expect(error.code() != ErrorCode::kUnexpected, "bad input was called a defect of ours: " + std::string(error.what()));
    expect(!std::string(error.what()).empty(), "a refusal without a reason");
    return false;
  }
}

}  // namespace consilium::fuzz
