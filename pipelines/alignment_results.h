#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/settings.h"

namespace consilium::pipelines {

/// How often the vector of one modality finds that of another modality of the same case among those of all test cases.
struct Retrieval {
  std::string from, to;    ///< modalities
  std::int64_t cases = 0;  ///< that have both, all of whose vectors are compared
  double top1 = 0;         ///< share whose nearest vector (greatest cosine) is their own case's
  double top1_before = 0;  ///< the same of the untrained network
  double chance = 0;       ///< 1 / cases
};

/// One vector on the map.
struct MapPoint {
  std::string site, name;  ///< of the case
  std::string modality;
  std::string group;       ///< the class whose mean feature it is; empty: of the whole image
  double x = 0, y = 0;     ///< the two main components of the trained network's vectors
  double x_before = 0, y_before = 0;  ///< the untrained network's, on components of their own
};

/// How much a modality weighs in the fusion, mean over a site's test cases that have it.
struct GateWeight {
  std::string site, gate;  ///< modality and level, "CT.0": 0 is the finest
  double mean = 0;
  std::int64_t cases = 0;
};

/// What alignment and fusion of a model of several modalities look like (docs/formats.md).
struct AlignmentResults {
  std::string model;  ///< empty: not measured
  std::vector<Retrieval> retrieval;
  std::vector<MapPoint> points;
  std::vector<GateWeight> gates;
};

Json to_json(const AlignmentResults& results);
/// @throws Error{kUsage} naming `origin` and the key.
AlignmentResults parse_alignment_results(const Json& json, const std::string& origin);

/// One vector of a case in one modality.
struct FeatureVector {
  std::string site, name, modality, group;
  std::vector<float> values;
};

/// Retrieval between every two modalities, from vectors of whole images. @pre vectors of one length
std::vector<Retrieval> retrieval_between(const std::vector<FeatureVector>& trained, const std::vector<FeatureVector>& untrained);

/// Coordinates on the two main components of the vectors, by power iteration with deflation from a fixed start: the same bytes each time. The sign of a component is that of its largest entry. Zeros where there is nothing to tell apart.
std::vector<std::pair<double, double>> two_components(const std::vector<FeatureVector>& vectors);

}  // namespace consilium::pipelines
