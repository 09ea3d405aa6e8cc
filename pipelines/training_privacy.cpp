#include "pipelines/training_privacy.h"

#include <cmath>

#include "base/error.h"

namespace consilium::pipelines {
namespace {

const std::vector<std::pair<std::string, NoiseOrigin>> kOrigins{{"secret", NoiseOrigin::kSecret}, {"seeded", NoiseOrigin::kSeeded}};
const std::vector<std::pair<std::string, PrivateValidation>> kValidations{{"off", PrivateValidation::kOff}, {"noisy", PrivateValidation::kNoisy}, {"plain", PrivateValidation::kPlain}};

template <typename E>
std::string word_of(const std::vector<std::pair<std::string, E>>& words, E wanted) {
  for (const auto& [word, value] : words)
    if (value == wanted) return word;
  return "";
}

}  // namespace

void read_training_privacy(SettingsReader& reader, TrainingPrivacy& p) {
  reader.field("clip", p.clip);
  reader.field("noise_multiplier", p.noise_multiplier);
  reader.field("epsilon", p.epsilon);
  reader.field("delta", p.delta);
  reader.choice("accountant", p.accountant, fl::accountant_words());
  reader.field("sampling_rate", p.sampling_rate);
  reader.field("patches", p.patches);
  reader.choice("noise", p.noise, kOrigins);
  reader.choice("validation", p.validation, kValidations);
  reader.field("validation_noise", p.validation_noise);
  reader.finish();
  const auto check = [&](bool good, const char* key, const char* expected) { require(good, ErrorCode::kUsage, reader.path() + "." + key + ": expected " + expected); };
  check(std::isfinite(p.clip) && p.clip >= 0, "clip", "a number of at least 0");
  check(p.noise_multiplier == 0 || (p.noise_multiplier >= 0.01 && p.noise_multiplier <= 1e6), "noise_multiplier", "0, or 0.01 to 1e6");
  check(std::isfinite(p.epsilon) && p.epsilon >= 0, "epsilon", "a number of at least 0");
  check(p.delta > 0 && p.delta < 1, "delta", "above 0 and below 1");
  check(p.sampling_rate > 0 && p.sampling_rate <= 1, "sampling_rate", "above 0 and at most 1");
  check(p.patches >= 1 && p.patches <= 64, "patches", "1 to 64");
  check(p.validation == PrivateValidation::kNoisy ? p.validation_noise >= 0.01 && p.validation_noise <= 1e6 : p.validation_noise == 0, "validation_noise", "0.01 to 1e6 with validation \"noisy\", 0 otherwise");
  if (!is_private(p)) return;
  check((p.noise_multiplier > 0) != (p.epsilon > 0), "noise_multiplier", "either it, or epsilon, above 0");
}

Json to_json(const TrainingPrivacy& p) {
  return {{"clip", p.clip}, {"noise_multiplier", p.noise_multiplier}, {"epsilon", p.epsilon}, {"delta", p.delta}, {"accountant", fl::to_string(p.accountant)}, {"sampling_rate", p.sampling_rate}, {"patches", p.patches},
          {"noise", word_of(kOrigins, p.noise)}, {"validation", word_of(kValidations, p.validation)}, {"validation_noise", p.validation_noise}};
}

void require_consistent(const TrainingPrivacy& p, const TrainingTraits& training, const std::string& path) {
  if (!is_private(p)) return;
  require(!training.is_clustered, ErrorCode::kUsage, path + ".privacy: a site's choice of a cluster tells of its cases outside the guarantee; leave out clusters");
  require(!training.reports_losses, ErrorCode::kUsage, path + ".privacy: the loss of the global model tells of a site's cases outside the guarantee; leave out local.loss_batches");
}

double noise_multiplier_of(const TrainingPrivacy& p, std::int64_t steps) {
  if (p.noise_multiplier > 0) return p.noise_multiplier;
  return fl::noise_multiplier_for({p.epsilon, p.delta, p.sampling_rate, steps, p.accountant});
}

double signal_to_noise(const TrainingPrivacy& p, double noise_multiplier, std::int64_t steps, std::size_t cases, std::int64_t numbers) {
  return static_cast<double>(cases) * p.sampling_rate * std::sqrt(static_cast<double>(steps)) / (noise_multiplier * std::sqrt(static_cast<double>(numbers)));
}

}  // namespace consilium::pipelines
