#include "pipelines/attack/adversarial.h"

#include "base/error.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "base/stop.h"
#include "models/attack/adversarial.h"
#include "models/runtime.h"

#include <mutex>

namespace consilium::pipelines {
namespace {

double mean_dice(const std::vector<RegionScore>& regions) {
  double sum = 0;
  for (const RegionScore& region : regions) sum += region.dice / static_cast<double>(regions.size());
  return sum;
}

}  // namespace

AdversarialResults attack_with_changed_images(const LoadedModel& model, const std::vector<PreparedCase>& cases, const AdversarialAttack& attack, const std::atomic<bool>* stop) {
  require(!cases.empty(), ErrorCode::kUsage, "there is no case to change");
  require(attack.steps >= 2, ErrorCode::kUsage, "steps: PGD makes at least 2; FGSM is tried as well");
  AdversarialResults results;
  results.cases = cases.size();
  results.rows.push_back({.method = "none"});
  for (const double eps : attack.eps) {
    require(eps > 0, ErrorCode::kUsage, "eps: expected numbers above 0");
    models::validate(models::AdversarialOptions{eps, attack.steps}, "attack");
    results.rows.push_back({.method = "fgsm", .eps = eps, .steps = 1});
    results.rows.push_back({.method = "pgd", .eps = eps, .steps = attack.steps});
  }
  const std::size_t rows = results.rows.size();
  std::vector<AdversarialRow> found(rows * cases.size());
  Progress progress("attacking", found.size());
  std::mutex guard;
  const ModelState state = model.segmenter.state();
  parallel_for(found.size(), 1, [&](std::size_t begin, std::size_t end) {
    models::configure_torch(1, model.settings.device);
    models::Segmenter segmenter = to_segmenter(model.settings, state);
    for (std::size_t n = begin; n < end; ++n) {
      throw_if_stopped(stop);
      const AdversarialRow& row = results.rows[n % rows];
      PreparedCase changed = cases[n / rows];
      const Rng rng = Rng(attack.seed).fork("adversarial").fork(changed.name);
      const models::AttackedCase attacked = models::attack_case(segmenter, changed.sample, model.settings.fit.patch, model.settings.fit.regions, {row.eps, std::max<std::int64_t>(row.steps, 1)}, rng);
      changed.sample.image = attacked.image;
      found[n] = {.dice = mean_dice(score(segment(segmenter, changed, model.settings), changed, model.settings.target)), .loss = attacked.loss_after, .gradient_share = attacked.gradient_share};
      const std::lock_guard lock(guard);
      progress.advance(1, row.method);
    }
  });
  const double share = 1.0 / static_cast<double>(cases.size());
  for (std::size_t n = 0; n < found.size(); ++n) {
    AdversarialRow& row = results.rows[n % rows];
    row.dice += share * found[n].dice, row.loss += share * found[n].loss, row.gradient_share += share * found[n].gradient_share;
  }
  results.settings = {{"eps", attack.eps}, {"steps", attack.steps}, {"seed", attack.seed}, {"training", to_json(model.settings)}};
  return results;
}

}  // namespace consilium::pipelines
