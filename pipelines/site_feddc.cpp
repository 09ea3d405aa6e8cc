#include "pipelines/site_feddc.h"

#include <algorithm>

#include "base/error.h"
#include "models/state/arithmetic.h"

namespace consilium::pipelines {
namespace {

/// Several models in one file, each below a folder of its own.
void add_below(const std::string& folder, const ModelState& part, ModelState& all) {
  for (const NamedTensor& t : part.tensors) all.tensors.push_back({folder + "/" + t.name, t.group, t.shape, t.values});
}

ModelState part_below(const std::string& folder, const ModelState& all) {
  ModelState part;
  for (const NamedTensor& t : all.tensors)
    if (t.name.starts_with(folder + "/")) part.tensors.push_back({t.name.substr(folder.size() + 1), t.group, t.shape, t.values});
  return part;
}

}  // namespace

SiteFedDc::Drift SiteFedDc::drift_before(const ModelState& global, std::int64_t round) const {
  const ModelState zero = zeros_like(global);
  const auto kept = memory_.before(round);
  if (!kept) return {zero, zero, zero, zero, 0};
  const ModelState mean_before = part_below("mean", *kept), step = part_below("step", *kept);
  require(step.tensors.size() == 1 && step.tensors[0].values.size() == 1, ErrorCode::kCorruptData, "the site's memory of its drift has no step size");
  Drift drift{part_below("own", *kept), {}, part_below("last", *kept), {}, static_cast<double>(step.tensors[0].values[0])};
  const ModelState moved = linear(1, global, -1, part_below("global", *kept));
  drift.last_mean = linear(0.5, moved, -0.5, mean_before);
  drift.mean = linear(1, mean_before, 1, drift.last_mean);
  return drift;
}

models::LocalTerms SiteFedDc::terms(const ModelState& global, std::int64_t round) const {
  const Drift drift = drift_before(global, round);
  models::LocalTerms terms;
  terms.proximal_mu = alpha_;
  terms.anchor = linear(1, global, -1, drift.own);
  if (drift.step_size > 0) terms.shift = linear(1 / drift.step_size, drift.last, -1 / drift.step_size, drift.last_mean);
  return terms;
}

ModelState SiteFedDc::update(const ModelState& global, std::int64_t round, const ModelState& trained, double step_size) const {
  const Drift drift = drift_before(global, round);
  const ModelState gone = linear(1, trained, -1, global), own = linear(1, drift.own, 1, gone);
  ModelState kept;
  add_below("global", global, kept);
  add_below("last", gone, kept);
  add_below("mean", drift.mean, kept);
  add_below("own", own, kept);
  kept.tensors.push_back({"step/size", "", {1}, {static_cast<float>(step_size)}});
  memory_.save(kept, round + 1);
  memory_.forget_before(round + 1);
  return linear(1, gone, 1, own);
}

}  // namespace consilium::pipelines
