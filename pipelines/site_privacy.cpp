#include "pipelines/site_privacy.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/crc32c.h"
#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "base/text.h"
#include "fl/unpredictable.h"
#include "fl/wall_clock.h"

namespace consilium::pipelines {
namespace {

/// Between 0.13, where the demo's sites learnt nothing, and 0.5, where privacy cost nothing (docs/results.md).
constexpr double kLeastSignal = 0.3;

/// What the cases are, order included: other cases with the same noise would show their difference.
std::string digest_of(std::span<const models::TrainingCase> cases) {
  std::string text;
  for (const models::TrainingCase& c : cases) {
    const std::uint32_t image = crc32c({reinterpret_cast<const char*>(c.image.data()), c.image.size() * sizeof(float)});
    const std::uint32_t labels = crc32c({reinterpret_cast<const char*>(c.labels.data()), c.labels.size()});
    text += std::to_string(image) + "." + std::to_string(labels) + "." + std::to_string(c.image.size()) + " ";
  }
  return text;
}

}  // namespace

/// One stretch's random numbers, shared by the two functions that draw from them.
struct SitePrivacy::Noise {
  explicit Noise(const fl::NoiseKey& key) : stream(key) {}
  fl::NoiseStream stream;
};

SitePrivacy::SitePrivacy(const SiteLedger& ledger, fs::path trainer_folder, std::span<const models::TrainingCase> cases, std::string site)
    : settings_(ledger), trainer_folder_(std::move(trainer_folder)), cases_(cases), site_(std::move(site)) {}

fl::BudgetLedger& SitePrivacy::ledger() {
  if (!ledger_) ledger_ = std::make_unique<fl::BudgetLedger>(settings_.folder);
  return *ledger_;
}

/// A name that this federation's folder keeps.
std::string SitePrivacy::run() const {
  const fs::path file = trainer_folder_ / "privacy_run";
  if (!fs::exists(file)) write_file(file, to_hexadecimal(fl::unpredictable_bytes(8)));
  return read_file(file, 4096);
}

fl::NoiseKey SitePrivacy::key_for(const TrainingSettings& s, const std::string& purpose) {
  const fl::NoiseKey site = s.privacy.noise == NoiseOrigin::kSeeded ? fl::NoiseKey::from_seed(s.seed, site_) : ledger().noise_key();
  // A seeded key must be the same in a federation that is begun anew; a secret one must not.
  if (cases_digest_.empty()) cases_digest_ = digest_of(cases_);
  const bool seeded = s.privacy.noise == NoiseOrigin::kSeeded;
  return site.derive(purpose).derive(to_json(s).dump()).derive(cases_digest_).derive(seeded ? std::string("seeded") : run());
}

void SitePrivacy::charge(const TrainingSettings& s, fl::PrivacySpend spend) {
  spend.clip = s.privacy.clip;
  fl::PrivacyBudget budget = settings_.budget;
  // What is told to the coordinator is at the federation's delta; what the site allows at its own.
  const fl::PrivacySpent after = ledger().charge(spend, budget, fl::wall_seconds());
  const bool same = budget.delta == s.privacy.delta && budget.accountant == s.privacy.accountant;
  budget.delta = s.privacy.delta, budget.accountant = s.privacy.accountant;
  metrics_ = {{"epsilon", same ? after.run : fl::spent(fl::read_budget_ledger(settings_.folder), spend.run, budget, fl::wall_seconds()).run}, {"delta", s.privacy.delta}};
}

double SitePrivacy::noise_of(const TrainingPrivacy& p, std::int64_t steps) {
  const std::string asked = to_json(p).dump() + std::to_string(steps);
  if (!noise_multipliers_.count(asked)) noise_multipliers_[asked] = noise_multiplier_of(p, steps);
  return noise_multipliers_[asked];
}

void SitePrivacy::tell_if_useless(const TrainingSettings& s, std::int64_t steps, std::int64_t numbers) {
  if (std::exchange(has_told_, true)) return;
  const double ratio = signal_to_noise(s.privacy, noise_of(s.privacy, steps), steps, cases_.size(), numbers);
  if (ratio >= kLeastSignal) return;
  log_line(fmt::format("{}: what {} patients say in {} private steps is {:.2g} times as long as the noise on {} numbers: next to nothing will be learnt. More patients help, or fewer numbers: training.trainable, of a model from elsewhere (docs/privacy.md)",
                       site_, cases_.size(), steps, ratio, numbers));
}

models::PrivateSteps SitePrivacy::steps(const TrainingSettings& s, std::int64_t round, const models::StepRange& range, const std::string& inputs) {
  const TrainingPrivacy& p = s.privacy;
  if (!is_private(p)) return {};
  const bool has_budget = settings_.budget.epsilon_per_year > 0 || settings_.budget.epsilon_per_run > 0;
  require(!has_budget || p.noise == NoiseOrigin::kSecret, ErrorCode::kRefused, "the plan's noise comes from a seed that the coordinator knows (training.privacy.noise): against a privacy budget that is no noise");
  const double noise = noise_of(p, range.total);
  const fl::NoiseKey key = key_for(s, "steps of round " + std::to_string(round) + "\n" + inputs);
  charge(s, {.run = run(), .round = round, .draw = key.name(), .mechanism = "dp_sgd", .releases = {noise, p.sampling_rate, range.count}});
  const auto source = std::make_shared<Noise>(key);
  return {.clip = p.clip, .noise_multiplier = noise, .sampling_rate = p.sampling_rate, .patches = p.patches, .uniform = [source] { return source->stream.uniform(); }, .normal = [source] { return source->stream.normal(); }};
}

fl::Validation SitePrivacy::validation(const TrainingSettings& s, std::int64_t round, const std::string& base_digest, fl::Validation plain) {
  if (!is_private(s.privacy) || s.privacy.validation == PrivateValidation::kPlain || plain.cases == 0) return plain;
  if (s.privacy.validation == PrivateValidation::kOff) return {};
  const fl::NoiseKey key = key_for(s, "validation of round " + std::to_string(round) + "\n" + base_digest);
  charge(s, {.run = run(), .round = round, .draw = key.name(), .mechanism = "validation", .releases = {s.privacy.validation_noise, 1, 1}});
  // One case moves the sum of scores in [0, 1] by at most 1.
  plain.score = std::clamp(plain.score + s.privacy.validation_noise / static_cast<double>(plain.cases) * fl::NoiseStream(key).normal(), 0.0, 1.0);
  return plain;
}

void SitePrivacy::note(fl::Update& update) const {
  for (const auto& [name, value] : metrics_) update.metrics[name] = value;
}

}  // namespace consilium::pipelines
