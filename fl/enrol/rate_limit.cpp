#include "fl/enrol/rate_limit.h"

#include <algorithm>

namespace consilium::fl {

void RateLimit::fill(Bucket& bucket, double per_second, double burst, double now) {
  bucket.tokens = std::min(burst, bucket.tokens + per_second * std::max(0.0, now - bucket.filled));
  bucket.filled = now;
}

bool RateLimit::allow(const std::string& caller, double now) {
  const std::lock_guard lock(guard_);
  if (!callers_.contains(caller) && callers_.size() >= options_.most_callers) {
    for (auto& [name, bucket] : callers_) fill(bucket, options_.per_caller_second, options_.per_caller_burst, now);
    callers_.erase(std::max_element(callers_.begin(), callers_.end(), [](const auto& a, const auto& b) { return a.second.tokens < b.second.tokens; }));
  }
  Bucket& own = callers_.try_emplace(caller, Bucket{options_.per_caller_burst, now}).first->second;
  fill(own, options_.per_caller_second, options_.per_caller_burst, now);
  fill(all_, options_.all_second, options_.all_burst, now);
  if (own.tokens < 1 || all_.tokens < 1) return false;  // what is refused costs nothing, so one caller cannot use up all
  own.tokens -= 1;
  all_.tokens -= 1;
  return true;
}

}  // namespace consilium::fl
