#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>

namespace consilium::fl {

struct RateLimitOptions {
  double per_caller_second = 0.5;  ///< attempts that come back to a caller each second
  double per_caller_burst = 30;    ///< attempts that it may make at once: hospitals behind one proxy are one caller
  double all_second = 20;          ///< of all callers together: what signing costs a small machine
  double all_burst = 60;
  std::size_t most_callers = 1000;  ///< remembered; the fullest buckets are forgotten first
};

/// Token buckets by caller, and one for all. Several threads may use it.
class RateLimit {
 public:
  explicit RateLimit(const RateLimitOptions& options = {}) : options_(options), all_{options.all_burst, 0} {}
  /// Counts an attempt at this time (seconds, of any steady clock); false when it comes too soon.
  bool allow(const std::string& caller, double now);

 private:
  struct Bucket {
    double tokens, filled;
  };
  static void fill(Bucket& bucket, double per_second, double burst, double now);

  const RateLimitOptions options_;
  std::mutex guard_;
  Bucket all_;
  std::map<std::string, Bucket> callers_;
};

}  // namespace consilium::fl
