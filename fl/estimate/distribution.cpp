#include "fl/estimate/distribution.h"

#include <cmath>
#include <utility>

namespace consilium::fl {

double quantile(const Distribution& d, double probability) {
  const double half = 2 * probability;
  return half <= 1 ? d.least + half * (d.median - d.least) : d.median + (half - 1) * (d.most - d.median);
}

std::vector<double> deal(const Distribution& distribution, std::size_t count, std::size_t rows, Rng rng) {
  std::vector<double> values, pack;
  while (values.size() < count) {
    if (pack.empty()) {
      for (std::size_t row = 0; row < rows; ++row) pack.push_back(quantile(distribution, rows == 1 ? 0.5 : static_cast<double>(row) / static_cast<double>(rows - 1)));
      for (std::size_t n = pack.size(); n > 1; --n) std::swap(pack[n - 1], pack[rng.below(n)]);
    }
    values.push_back(pack.back());
    pack.pop_back();
  }
  return values;
}

void read_distribution(SettingsReader& reader, const std::string& key, Distribution& d, double lowest) {
  reader.object(key, [&](SettingsReader& fields) {
    fields.required("least", d.least);
    fields.required("median", d.median);
    fields.required("most", d.most);
  });
  const bool good = std::isfinite(d.most) && d.least >= lowest && d.least <= d.median && d.median <= d.most;
  require(good, ErrorCode::kUsage, reader.path() + "." + key + ": expected " + std::to_string(lowest) + " <= least <= median <= most");
}

Json to_json(const Distribution& d) { return {{"least", d.least}, {"median", d.median}, {"most", d.most}}; }

}  // namespace consilium::fl
