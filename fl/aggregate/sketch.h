#pragma once

#include <cstddef>
#include <vector>

#include "fl/update.h"

namespace consilium::fl {

/// Values that a sketch has at most: an update of 5.6 million weights in 64 KiB.
inline constexpr std::size_t kSketchLength = 1 << 14;

/// An update in few values, so that lengths and angles between updates stay: every weight is added, with a sign, to the value that its place in the model is hashed to. Linear: the sketch of a
/// sum is the sum of sketches. An inner product is off by at most ||a|| ||b|| / sqrt(kSketchLength), 0.8 %, in two of three cases, and the cosine of equal updates is 1 exactly. A model of no
/// more than kSketchLength weights is its own sketch. Weights that the update leaves out count as 0.
/// Source: Charikar, Chen, Farach-Colton 2002 (count sketch); Weinberger et al. 2009 (arXiv:0902.2206), lemma 2.
std::vector<double> sketch_of(const ModelState& global, const Update& update);
/// Of several, in their order.
std::vector<std::vector<double>> sketches_of(const ModelState& global, const std::vector<const Update*>& updates);

}  // namespace consilium::fl
