#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "models/state/model_state.h"

namespace consilium::fl {

/// What a site sends after its local training of one round.
struct Update {
  std::string site;         ///< the name in the sender's certificate
  std::int64_t round = 0;
  std::string base_digest;  ///< of the global model it started from
  ModelState delta;         ///< trained minus global; groups that it did not train may be left out
  std::map<std::string, std::int64_t> cases_per_group;  ///< how many cases trained each group, >= 0
};

/// Does this update belong to the round, and is it fit to be averaged?
///
/// @throws Error{kMismatch} round, base digest, or a tensor that the global model does not have in that shape and group, or no case count
/// for a group that it holds; Error{kCorruptData} a value that is not finite, or a negative number of cases.
void require_valid(const Update& update, const ModelState& global, std::int64_t round, const std::string& base_digest);

}  // namespace consilium::fl
