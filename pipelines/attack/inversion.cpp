#include "pipelines/attack/inversion.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <span>

#include "base/error.h"
#include "base/parallel.h"
#include "base/stop.h"
#include "fl/privacy/clip.h"
#include "fl/privacy/gaussian.h"
#include "imaging/metrics/similarity.h"
#include "models/attack/inversion.h"
#include "models/patches.h"
#include "models/runtime.h"
#include "models/state/arithmetic.h"

namespace consilium::pipelines {
namespace {

using models::VictimPatch;

using Offset = std::array<std::int64_t, 3>;

/// The cube around the middle of the tumour, moved by `offset` voxels where the image reaches so far.
VictimPatch cut(const PreparedCase& c, std::int64_t size, const Offset& offset = {0, 0, 0}) {
  const models::TrainingCase& s = c.sample;
  std::array<double, 3> sum{0, 0, 0};
  double count = 0;
  for (std::size_t n = 0; n < s.labels.size(); ++n) {
    if (s.labels[n] == 0) continue;
    const auto at = static_cast<std::int64_t>(n);
    const std::array<std::int64_t, 3> place{at / (s.size[1] * s.size[2]), at / s.size[2] % s.size[1], at % s.size[2]};
    for (std::size_t axis = 0; axis < 3; ++axis) sum[axis] += static_cast<double>(place[axis]);
    ++count;
  }
  models::PatchPlace place;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::int64_t middle = count > 0 ? static_cast<std::int64_t>(sum[axis] / count) : s.size[axis] / 2;
    place.start[axis] = std::max<std::int64_t>(0, std::min(middle - size / 2 + offset[axis], s.size[axis] - size));
  }
  const auto voxels = static_cast<std::size_t>(size * size * size);
  VictimPatch patch{std::vector<float>(voxels), {}};
  std::vector<std::int64_t> labels(voxels);
  models::copy_patch(s, place, {size, size, size}, patch.image, labels);
  for (const std::int64_t label : labels) patch.labels.push_back(label != 0 ? 1 : 0);
  return patch;
}

/// As DP-SGD with one case: its gradient clipped, noise of `noise` clips added to every value. Both scale with the learning rate in an update.
ModelState clipped_and_noisy(const ModelState& update, const InversionAttack& attack, double learning_rate) {
  const double clip = attack.clip * learning_rate;
  ModelState result = update;
  fl::clip_l2(result, clip);
  // Seeded, so that the report can be repeated; a site draws from the system's randomness.
  Rng rng = Rng(attack.seed).fork("privacy noise");
  for (NamedTensor& tensor : result.tensors)
    for (float& value : tensor.values) value += static_cast<float>(rng.normal(0, attack.noise * clip));
  return result;
}

/// What one such release promises by itself: the exact epsilon of Gaussian noise.
std::string promise(double noise) {
  if (noise <= 0) return "";
  return fmt::format(" (one step: epsilon {:.1f} at delta 1e-5)", fl::gaussian_epsilon(1e-5, 1 / noise));
}

/// One update to attack, and whose images are in it.
struct Attempt {
  InversionRow row;
  models::VictimNetwork network;
  std::vector<VictimPatch> patches;
  std::function<ModelState(models::Victim&, const std::vector<VictimPatch>&)> update;
};

/// `steps` cubes of each patient, one patient after the other: what sites see that draw patches around a tumour, as in training.
std::vector<VictimPatch> drawn_around(std::span<const PreparedCase> cases, const InversionAttack& a, Rng rng) {
  const double reach = static_cast<double>(a.size) / 3;
  std::vector<VictimPatch> patches;
  for (const PreparedCase& c : cases)
    for (std::int64_t step = 0; step < a.steps; ++step) {
      Offset offset{};
      for (std::int64_t& along : offset) along = std::llround(rng.uniform(-reach, reach));
      patches.push_back(cut(c, a.size, offset));
    }
  return patches;
}

std::vector<Attempt> targets(const std::vector<VictimPatch>& all, const std::vector<VictimPatch>& drawn, const InversionAttack& a) {
  using models::Victim;
  using models::VictimNetwork;
  using Patches = std::vector<VictimPatch>;
  const auto first = [&](std::int64_t count) { return Patches(all.begin(), all.begin() + count); };
  const auto one_batch = [](Victim& victim, const Patches& patches) { return victim.update({patches}); };
  const auto a_step_each = [](Victim& victim, const Patches& patches) {
    std::vector<Patches> batches;
    for (const VictimPatch& patch : patches) batches.push_back({patch});
    return victim.update(batches);
  };
  const auto sum = [](Victim& victim, const Patches& patches) {
    ModelState total = zeros_like(victim.update({{patches[0]}}));
    for (const VictimPatch& patch : patches) total = linear(1, total, 1, victim.update({{patch}}));
    return total;
  };
  const auto sum_of_steps = [a](Victim& victim, const Patches& patches) {
    ModelState total = zeros_like(victim.update({{patches[0]}}));
    for (auto site = patches.begin(); site != patches.end(); site += a.steps) {
      std::vector<Patches> batches;
      for (auto patch = site; patch != site + a.steps; ++patch) batches.push_back({*patch});
      total = linear(1, total, 1, victim.update(batches));
    }
    return total;
  };
  const auto noisy = [a](Victim& victim, const Patches& patches) { return clipped_and_noisy(victim.update({patches}), a, victim.options().learning_rate); };
  const auto net = VictimNetwork::kConvolutional;
  std::vector<Attempt> result;
  result.push_back({{.name = "single", .words = "one step on one patient, nothing hidden"}, net, first(1), one_batch});
  result.push_back({{.name = "linear", .words = "the same of a network whose first layer sees every voxel: its gradient holds the image"}, VictimNetwork::kLinear, first(1), one_batch});
  result.push_back({{.name = "unet", .words = "the same of the network that segments (two levels): shared kernels and normalisation hide much by themselves"}, VictimNetwork::kUNet, first(1), one_batch});
  result.push_back({{.name = "batch", .words = fmt::format("one step on {} patients", a.batch)}, net, first(a.batch), one_batch});
  result.push_back({{.name = "steps", .words = fmt::format("{} steps, each on another patient", a.steps)}, net, first(a.steps), a_step_each});
  result.push_back({{.name = "secure", .words = fmt::format("secure aggregation at its thinnest: the sum over {} sites, one step on one patient each", a.sites), .protects = true}, net, first(a.sites), sum});
  result.push_back({{.name = "sum", .words = fmt::format("secure aggregation: the sum over {} sites, {} steps each, every one on another cube around the tumour of the site's patient", a.sites, a.steps), .protects = true}, net, drawn, sum_of_steps});
  result.push_back({{.name = "sum_unet", .words = "the same of the network that segments", .protects = true}, VictimNetwork::kUNet, drawn, sum_of_steps});
  result.push_back({{.name = "private", .words = fmt::format("differential privacy: one patient's gradient clipped to {}, noise of {} times that on every value{}", a.clip, a.noise, promise(a.noise)), .protects = true}, net, first(1), noisy});
  return result;
}

/// The nearest of all pairs of what was found and what took part.
void compare(InversionRow& row, const std::vector<std::vector<float>>& found, const std::vector<VictimPatch>& patches, std::int64_t size) {
  const auto edge = static_cast<std::size_t>(size);
  row.ssim = -2;
  for (const std::vector<float>& image : found)
    for (const VictimPatch& patch : patches) {
      const imaging::Similarity s = imaging::similarity(image, patch.image, {edge, edge, edge});
      if (s.ssim <= row.ssim) continue;
      row.ssim = s.ssim, row.psnr_db = s.psnr_db, row.correlation = s.correlation;
      row.original = patch.image;
      row.found = imaging::fit_contrast(image, patch.image);
    }
}

/// What is had without the update, compared as reconstructions are.
double floor_of(const std::vector<std::vector<float>>& prior, const std::vector<VictimPatch>& patches, std::int64_t size) {
  InversionRow row;
  compare(row, prior, patches, size);
  return row.ssim;
}

/// Cubes, and their mean.
std::vector<std::vector<float>> with_mean(std::span<const VictimPatch> outsiders) {
  std::vector<std::vector<float>> prior(1, std::vector<float>(outsiders[0].image.size(), 0));
  for (const VictimPatch& outsider : outsiders) {
    prior.push_back(outsider.image);
    for (std::size_t n = 0; n < outsider.image.size(); ++n) prior[0][n] += outsider.image[n] / static_cast<float>(outsiders.size());
  }
  return prior;
}

/// Who is told the labels can paint them: tumour and the rest as bright as they are in those who took no part.
std::vector<std::vector<float>> painted(std::span<const VictimPatch> outsiders, const std::vector<VictimPatch>& patches) {
  std::array<double, 2> sum{}, count{};
  for (const VictimPatch& outsider : outsiders)
    for (std::size_t n = 0; n < outsider.image.size(); ++n) sum[outsider.labels[n]] += static_cast<double>(outsider.image[n]), ++count[outsider.labels[n]];
  std::vector<std::vector<float>> images;
  for (const VictimPatch& patch : patches) {
    std::vector<float>& image = images.emplace_back();
    for (const std::uint8_t label : patch.labels) image.push_back(static_cast<float>(sum[label] / std::max(1.0, count[label])));
  }
  return images;
}

/// Of those who took no part.
struct Outsiders {
  std::vector<VictimPatch> centred, drawn;  ///< around the middle of the tumour, and as in training
};

void attack_one(Attempt& target, const Outsiders& outsiders, const InversionAttack& attack) {
  models::Victim victim({.network = target.network, .size = attack.size}, Rng(attack.seed).fork("victim"));
  const ModelState seen = target.update(victim, target.patches);
  std::vector<std::vector<float>> prior = with_mean(outsiders.centred);
  std::ranges::move(with_mean(outsiders.drawn), std::back_inserter(prior));
  // The other networks are told of a cube only whether there is tumour in it.
  if (target.network == models::VictimNetwork::kUNet) std::ranges::move(painted(outsiders.drawn, target.patches), std::back_inserter(prior));
  target.row.floor_ssim = floor_of(prior, target.patches, attack.size);
  if (target.network == models::VictimNetwork::kLinear) {
    compare(target.row, {models::recover_from_linear(victim, seen)}, target.patches, attack.size);
    return;
  }
  const models::Reconstruction found = models::invert_update(victim, seen, target.patches, {.iterations = attack.iterations}, Rng(attack.seed).fork(target.row.name));
  target.row.mismatch = found.mismatch;
  compare(target.row, found.images, target.patches, attack.size);
}

void validate(const InversionAttack& a) {
  const auto check = [](bool good, const char* words) { require(good, ErrorCode::kUsage, words); };
  models::validate(models::VictimOptions{.size = a.size});
  check(std::isfinite(a.spacing_mm) && a.spacing_mm > 0, "spacing: expected millimetres above 0");
  check(a.sites >= 2 && a.sites <= 64, "sites: expected 2 to 64");
  check(a.sites * a.steps <= 1024, "sites and steps: expected a product of at most 1024");
  check(a.batch >= 1 && a.batch <= 64 && a.steps >= 1 && a.steps <= 64, "batch and steps: expected 1 to 64");
  check(std::isfinite(a.clip) && a.clip > 0 && std::isfinite(a.noise) && a.noise >= 0, "clip and noise: expected numbers above 0");
  check(a.iterations >= 1 && a.iterations <= 1000000, "iterations: expected 1 to 1000000");
}

}  // namespace

InversionResults attack_by_inversion(const LabelledFolder& source, const InversionAttack& attack, const std::atomic<bool>* stop) {
  validate(attack);
  TrainingSettings settings;
  settings.target = pipelines::Target::kWholeTumour;
  settings.normalise.channels = {attack.channel};
  settings.normalise.reference = attack.channel;
  settings.normalise.spacing_mm = {attack.spacing_mm, attack.spacing_mm, attack.spacing_mm};
  const std::vector<PreparedCase> cases = read_labelled_cases(source, settings, "", stop);
  const auto take_part = static_cast<std::size_t>(std::max({attack.sites, attack.batch, attack.steps}));
  require(cases.size() > take_part, ErrorCode::kNotFound, fmt::format("{}: holds {} cases; {} take part, and one who does not is compared with", source.folder.string(), cases.size(), take_part));
  std::vector<VictimPatch> patches;
  for (const PreparedCase& c : cases) patches.push_back(cut(c, attack.size));
  InversionResults results;
  results.channel = attack.channel;
  results.size = attack.size;
  results.spacing_mm = attack.spacing_mm;
  results.parameters = models::Victim({.size = attack.size}, Rng(attack.seed)).parameter_count();
  results.outsiders = static_cast<std::int64_t>(patches.size() - take_part);
  const std::span<const PreparedCase> others = std::span(cases).subspan(take_part);
  const Outsiders outsiders{{patches.begin() + static_cast<std::ptrdiff_t>(take_part), patches.end()}, drawn_around(others, attack, Rng(attack.seed).fork("patches of others"))};
  const auto drawn = drawn_around(std::span(cases).first(static_cast<std::size_t>(attack.sites)), attack, Rng(attack.seed).fork("local patches"));
  std::vector<Attempt> todo = targets(patches, drawn, attack);
  parallel_for(todo.size(), 1, [&](std::size_t begin, std::size_t end) {
    models::configure_torch(1);
    for (std::size_t n = begin; n < end; ++n) {
      throw_if_stopped(stop);
      attack_one(todo[n], outsiders, attack);
    }
  });
  for (Attempt& target : todo) results.rows.push_back(std::move(target.row));
  results.settings = {{"channel", attack.channel}, {"spacing_mm", attack.spacing_mm}, {"size", attack.size}, {"iterations", attack.iterations}, {"sites", attack.sites}, {"batch", attack.batch}, {"steps", attack.steps}, {"clip", attack.clip}, {"noise", attack.noise}, {"seed", attack.seed}};
  return results;
}

}  // namespace consilium::pipelines
