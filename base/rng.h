#pragma once

#include <cstdint>
#include <string_view>

namespace consilium {

/// Seeded random numbers that are the same on every platform and compiler.
///
/// xoshiro256** seeded through splitmix64 (Blackman and Vigna, doi:10.1145/3460772). `fork` gives an independent stream by
/// name, so that adding a draw in one place does not shift the numbers of another. Not for secrets.
class Rng {
 public:
  explicit Rng(std::uint64_t seed);

  std::uint64_t next();
  double uniform();                                    ///< [0, 1), 53 bits
  double uniform(double low, double high);             ///< [low, high)
  std::uint64_t below(std::uint64_t bound);            ///< [0, bound), unbiased; bound > 0
  double normal();                                     ///< mean 0, variance 1 (Box-Muller, one value per call)
  double normal(double mean, double deviation);
  bool chance(double probability) { return uniform() < probability; }
  Rng fork(std::string_view stream) const;             ///< independent of how many numbers were drawn here
  Rng fork(std::uint64_t stream) const;

  /// Everything needed to continue exactly here (checkpoints).
  struct State {
    std::uint64_t words[4];
    std::uint64_t seed;
    bool operator==(const State&) const = default;
  };
  State state() const;
  static Rng from_state(const State& state);

 private:
  std::uint64_t words_[4];
  std::uint64_t seed_;
};

}  // namespace consilium
