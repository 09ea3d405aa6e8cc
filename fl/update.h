#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "fl/round.h"
#include "models/state/model_state.h"

namespace consilium::fl {

/// No hospital has more: a bound on what a site can claim as its weight.
inline constexpr std::int64_t kMostCases = 1000000;

/// What a site sends after its local training of one round.
struct Update {
  std::string site;         ///< the name in the sender's certificate
  std::int64_t round = 0;
  std::string base_digest;  ///< of the global model it started from
  ModelState delta;         ///< trained minus global; groups that it did not train may be left out
  std::map<std::string, std::int64_t> cases_per_group;  ///< how many cases trained each group, >= 0
  Validation validation{};                               ///< of the global model, on the site's own validation cases
  std::map<std::string, double> metrics{};            ///< what the site says about its training ("loss"), for the report only
};

/// Does this update belong to the round, and is it fit to be averaged?
///
/// @throws Error{kMismatch} round, base digest, or a tensor that the global model does not have in that shape and group, or no case count
/// for a group that it holds; Error{kCorruptData} a value that is not finite, or a negative number of cases;
/// the same for the validation's score and cases.
void require_valid(const Update& update, const ModelState& global, std::int64_t round, const std::string& base_digest);

}  // namespace consilium::fl
