#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fl/round.h"

namespace consilium::fl {

/// What every key, mask and signature of one attempt is tied to: none of them means anything in another run, round or attempt, or under another plan.
struct AttemptContext {
  std::string federation;   ///< of the run
  std::int64_t round = 0;
  std::string attempt;      ///< 16 random bytes
  std::string plan_digest;  ///< plan_digest_of(plan)

  bool operator==(const AttemptContext&) const = default;
};

/// SHA-256 of the base model's digest, the task and the protection: sites that were told different plans do not add up together.
std::string plan_digest_of(const RoundPlan& plan);

/// The bytes to sign, or to derive a key by, for one purpose ("advertise", "mask", ...): every part with its length, so that no two contexts have the same bytes.
std::string bound_bytes(const AttemptContext& context, std::string_view purpose, std::string_view rest = "");
/// A part with its length in front.
void put_part(std::string& bytes, std::string_view part);

}  // namespace consilium::fl
