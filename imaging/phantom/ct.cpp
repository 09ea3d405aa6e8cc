#include "imaging/phantom/ct.h"

#include <array>

namespace consilium::imaging {

double ct_number_hu(Tissue tissue, int condition, double dose) {
  //                                              air  fat musc skull marr csf grey white ventr vess hyper eye necr nonenh oed enh
  constexpr std::array<double, kTissueCount> kHu{-1000, -90, 55, 1100, 420, 8, 37, 30, 6, 45, 25, 12, 18, 32, 20, 38};
  constexpr std::array<double, kTissueCount> kIodine{0, 2, 12, 0, 5, 0, 4, 2, 0, 90, 2, 0, 2, 3, 2, 35};
  const auto row = static_cast<std::size_t>(tissue);
  const double deviation = (condition - kConditionLevels / 2) / (kConditionLevels / 2.0);
  const double uptake = tissue == Tissue::kEnhancing ? 1 + 0.4 * deviation : 1;
  return kHu[row] + (tissue == Tissue::kAir ? 0 : 2 * deviation) + dose * kIodine[row] * uptake;
}

}  // namespace consilium::imaging
