#include "pipelines/alignment_results.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"

namespace consilium::pipelines {
namespace {

constexpr int kIterations = 500;

using Rows = std::vector<std::vector<double>>;

/// Less their mean. @throws Error{kMismatch} vectors of different lengths
Rows about_their_mean(const std::vector<const FeatureVector*>& vectors) {
  Rows rows;
  std::vector<double> mean(vectors.empty() ? 0 : vectors[0]->values.size(), 0);
  for (const FeatureVector* v : vectors) {
    require(v->values.size() == mean.size(), ErrorCode::kMismatch, "vectors of different lengths cannot be compared");
    rows.emplace_back(v->values.begin(), v->values.end());
    for (std::size_t n = 0; n < mean.size(); ++n) mean[n] += rows.back()[n] / static_cast<double>(vectors.size());
  }
  for (std::vector<double>& row : rows)
    for (std::size_t n = 0; n < mean.size(); ++n) row[n] -= mean[n];
  return rows;
}

double cosine(const std::vector<double>& a, const std::vector<double>& b) {
  double product = 0, aa = 0, bb = 0;
  for (std::size_t n = 0; n < a.size(); ++n) {
    product += a[n] * b[n];
    aa += a[n] * a[n];
    bb += b[n] * b[n];
  }
  return aa > 0 && bb > 0 ? product / std::sqrt(aa * bb) : 0;
}

using Key = std::pair<std::string, std::string>;  // site and case
using Vectors = std::map<Key, std::vector<double>>;

/// Less their mean: what all images of a modality have in common finds nobody.
Vectors of_modality(const std::vector<FeatureVector>& all, const std::string& modality) {
  std::vector<const FeatureVector*> own;
  for (const FeatureVector& v : all)
    if (v.modality == modality && v.group.empty()) own.push_back(&v);
  Rows rows = about_their_mean(own);
  Vectors found;
  for (std::size_t n = 0; n < own.size(); ++n) found[{own[n]->site, own[n]->name}] = std::move(rows[n]);
  return found;
}

/// Share of the cases with both whose nearest is their own; `cases`: how many there are.
double top1(const Vectors& from, const Vectors& to, std::int64_t& cases) {
  std::int64_t hits = 0;
  cases = 0;
  for (const auto& [key, values] : from) {
    const auto own = to.find(key);
    if (own == to.end()) continue;
    ++cases;
    const double to_own = cosine(values, own->second);
    // A tie is no hit: vectors that are all alike find nothing.
    const bool is_nearest = std::all_of(to.begin(), to.end(), [&](const auto& other) { return other.first == key || !from.contains(other.first) || cosine(values, other.second) < to_own; });
    hits += is_nearest ? 1 : 0;
  }
  return cases == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(cases);
}

/// The direction of most spread, of length 1; zeros where there is none.
std::vector<double> main_component(const Rows& rows) {
  const std::size_t width = rows.empty() ? 0 : rows[0].size();
  std::vector<double> direction(width);
  for (std::size_t n = 0; n < width; ++n) direction[n] = 1 + 0.01 * static_cast<double>(n);  // orthogonal to nothing that matters, and the same each time
  for (int i = 0; i < kIterations; ++i) {
    std::vector<double> next(width, 0);
    for (const std::vector<double>& row : rows) {
      double along = 0;
      for (std::size_t n = 0; n < width; ++n) along += row[n] * direction[n];
      for (std::size_t n = 0; n < width; ++n) next[n] += along * row[n];
    }
    double length = 0;
    for (const double value : next) length += value * value;
    length = std::sqrt(length);
    if (!(length > 1e-12)) return std::vector<double>(width, 0);
    for (double& value : next) value /= length;
    direction = std::move(next);
  }
  const auto largest = std::max_element(direction.begin(), direction.end(), [](double a, double b) { return std::abs(a) < std::abs(b); });
  if (*largest < 0)
    for (double& value : direction) value = -value;
  return direction;
}

/// Coordinates along a component, which is taken out of the rows.
std::vector<double> project_out(Rows& rows, const std::vector<double>& direction) {
  std::vector<double> along;
  for (std::vector<double>& row : rows) {
    double value = 0;
    for (std::size_t n = 0; n < row.size(); ++n) value += row[n] * direction[n];
    for (std::size_t n = 0; n < row.size(); ++n) row[n] -= value * direction[n];
    along.push_back(value);
  }
  return along;
}

}  // namespace

std::vector<Retrieval> retrieval_between(const std::vector<FeatureVector>& trained, const std::vector<FeatureVector>& untrained) {
  std::vector<std::string> modalities;
  for (const FeatureVector& v : trained)
    if (std::find(modalities.begin(), modalities.end(), v.modality) == modalities.end()) modalities.push_back(v.modality);
  std::vector<Retrieval> results;
  for (const std::string& from : modalities)
    for (const std::string& to : modalities) {
      if (from == to) continue;
      Retrieval r{from, to};
      r.top1_before = top1(of_modality(untrained, from), of_modality(untrained, to), r.cases);
      r.top1 = top1(of_modality(trained, from), of_modality(trained, to), r.cases);
      if (r.cases == 0) continue;
      r.chance = 1 / static_cast<double>(r.cases);
      results.push_back(r);
    }
  return results;
}

std::vector<std::pair<double, double>> two_components(const std::vector<FeatureVector>& vectors) {
  std::vector<std::pair<double, double>> places(vectors.size(), {0, 0});
  if (vectors.empty()) return places;
  std::vector<const FeatureVector*> all;
  for (const FeatureVector& v : vectors) all.push_back(&v);
  Rows rows = about_their_mean(all);
  const std::vector<double> first = project_out(rows, main_component(rows)), second = project_out(rows, main_component(rows));
  for (std::size_t n = 0; n < places.size(); ++n) places[n] = {first[n], second[n]};
  return places;
}

Json to_json(const AlignmentResults& r) {
  Json json{{"model", r.model}, {"retrieval", Json::array()}, {"points", Json::array()}, {"gates", Json::array()}};
  for (const Retrieval& p : r.retrieval) json["retrieval"].push_back({{"from", p.from}, {"to", p.to}, {"cases", p.cases}, {"top1", p.top1}, {"top1_before", p.top1_before}, {"chance", p.chance}});
  for (const MapPoint& p : r.points) json["points"].push_back({{"site", p.site}, {"case", p.name}, {"modality", p.modality}, {"class", p.group}, {"x", p.x}, {"y", p.y}, {"x_before", p.x_before}, {"y_before", p.y_before}});
  for (const GateWeight& g : r.gates) json["gates"].push_back({{"site", g.site}, {"gate", g.gate}, {"mean", g.mean}, {"cases", g.cases}});
  return json;
}

AlignmentResults parse_alignment_results(const Json& json, const std::string& origin) {
  AlignmentResults r;
  SettingsReader reader(json, origin);
  reader.field("model", r.model);
  reader.list("retrieval", [&](SettingsReader& item) {
    Retrieval p;
    item.required("from", p.from);
    item.required("to", p.to);
    item.required("cases", p.cases);
    item.required("top1", p.top1);
    item.field("top1_before", p.top1_before);
    item.field("chance", p.chance);
    item.finish();
    r.retrieval.push_back(p);
  });
  reader.list("points", [&](SettingsReader& item) {
    MapPoint p;
    item.required("site", p.site);
    item.required("case", p.name);
    item.required("modality", p.modality);
    item.field("class", p.group);
    item.required("x", p.x);
    item.required("y", p.y);
    item.field("x_before", p.x_before);
    item.field("y_before", p.y_before);
    item.finish();
    r.points.push_back(p);
  });
  reader.list("gates", [&](SettingsReader& item) {
    GateWeight g;
    item.required("site", g.site);
    item.required("gate", g.gate);
    item.required("mean", g.mean);
    item.field("cases", g.cases);
    item.finish();
    r.gates.push_back(g);
  });
  reader.finish();
  return r;
}

}  // namespace consilium::pipelines
