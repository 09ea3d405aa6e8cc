#include "pipelines/attack/membership.h"

#include "base/error.h"
#include "base/parallel.h"
#include "base/stop.h"
#include "models/attack/adversarial.h"
#include "models/runtime.h"

namespace consilium::pipelines {
namespace {

std::vector<double> losses(const LoadedModel& model, const std::vector<const PreparedCase*>& cases, const std::atomic<bool>* stop) {
  std::vector<double> result(cases.size());
  const ModelState state = model.segmenter.state();
  parallel_for(cases.size(), 1, [&](std::size_t begin, std::size_t end) {
    models::configure_torch(1, model.settings.device);
    models::Segmenter segmenter = to_segmenter(model.settings, state);
    for (std::size_t n = begin; n < end; ++n) {
      throw_if_stopped(stop);
      result[n] = models::case_loss(segmenter, cases[n]->sample, model.settings.fit.patch, model.settings.fit.regions);
    }
  });
  return result;
}

}  // namespace

MembershipResults attack_membership(const LoadedModel& model, const std::vector<PreparedCase>& members, const std::vector<PreparedCase>& others, const LoadedModel* reference, const std::atomic<bool>* stop) {
  std::vector<const PreparedCase*> cases;
  for (const auto* group : {&members, &others})
    for (const PreparedCase& c : *group) cases.push_back(&c);
  if (reference != nullptr)
    require(to_json(reference->settings.normalise) == to_json(model.settings.normalise) && reference->settings.target == model.settings.target, ErrorCode::kMismatch, "the reference model wants other images, or segments something else");
  const std::vector<double> own = losses(model, cases, stop);
  const std::vector<double> without = reference != nullptr ? losses(*reference, cases, stop) : std::vector<double>{};
  MembershipResults results;
  for (std::size_t n = 0; n < cases.size(); ++n) {
    results.cases.push_back({cases[n]->name, n < members.size(), own[n], {}});
    if (reference != nullptr) results.cases.back().reference_loss = without[n];
  }
  results.settings = {{"training", to_json(model.settings)}};
  return results;
}

}  // namespace consilium::pipelines
