#include "pipelines/site_scaffold.h"

#include "base/error.h"
#include "models/state/arithmetic.h"
#include "models/state/control_variates.h"

namespace consilium::pipelines {
namespace {

ModelState control_of(const ModelState& received) {
  ModelState control = control_variates_of(received);
  require(!control.tensors.empty(), ErrorCode::kMismatch, "the global model has no control variates, and the task asks for them");
  return control;
}

}  // namespace

ModelState SiteScaffold::own(const ModelState& control, std::int64_t round) const {
  auto kept = memory_.before(round);
  return kept ? std::move(*kept) : zeros_like(control);
}

models::LocalTerms SiteScaffold::terms(const ModelState& received, std::int64_t round) const {
  const ModelState control = control_of(received);
  models::LocalTerms terms;
  terms.shift = linear(1, control, -1, own(control, round));
  terms.record_gradient = kind_ == ControlVariates::kMeanGradient;
  return terms;
}

ModelState SiteScaffold::change(const ModelState& received, std::int64_t round, const ModelState& trained, const ModelState& mean_gradient, double rates) const {
  const ModelState control = control_of(received), before = own(control, round);
  ModelState after = mean_gradient;
  if (kind_ == ControlVariates::kOption2) {
    const ModelState gone = linear(1, without_control_variates(received), -1, trained);
    after = linear(1, linear(1, before, -1, control), 1 / rates, gone);
  }
  memory_.save(after, round + 1);
  memory_.forget_before(round + 1);
  return linear(1, after, -1, before);
}

}  // namespace consilium::pipelines
