#pragma once

#include "base/settings.h"

namespace consilium::test {

/// A run's results without what depends on the clock, or on whether updates went over a wire.
inline Json timeless(Json results) {
  results.erase("seconds_total");
  for (Json& model : results["models"]) model.erase("seconds");
  for (Json& round : results["rounds"]) {
    for (const char* key : {"start_seconds", "seconds"}) round.erase(key);
    for (Json& site : round["sites"])
      for (const char* key : {"seconds", "bytes_in", "bytes_out"}) site.erase(key);
  }
  return results;
}

}  // namespace consilium::test
