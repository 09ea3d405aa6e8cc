#pragma once

#include "base/settings.h"
#include "tests/fuzz/guard.h"

namespace consilium::fuzz {

/// Settings that were accepted are written as JSON that is accepted and means the same.
template <typename Parse>
void expect_round_trip(const Parse& parse, const Json& json) {
  const std::string once = to_json(parse(json)).dump();
  std::string twice;
  expect(accepted([&] { twice = to_json(parse(parse_json(once, "own JSON"))).dump(); }),
         "settings that were written are refused: " + once);
  expect(once == twice, "settings that were written are read as others: " + once + " and " + twice);
}

}  // namespace consilium::fuzz
