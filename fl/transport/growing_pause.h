#pragma once

#include <algorithm>

namespace consilium::fl {

/// Between two tries to reach somebody: short at first, doubled every time. Not longer than three seconds by default, so that who comes back has everybody within five.
class GrowingPause {
 public:
  explicit GrowingPause(double longest_seconds = 3) : longest_seconds_(longest_seconds) {}
  double seconds() const { return seconds_; }
  void grow() { seconds_ = std::min(longest_seconds_, 2 * seconds_); }
  void reset() { seconds_ = kFirstSeconds; }

 private:
  static constexpr double kFirstSeconds = 0.2;
  double longest_seconds_, seconds_ = kFirstSeconds;
};

}  // namespace consilium::fl
