#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "fl/privacy/budget.h"
#include "fl/update.h"
#include "models/private_steps.h"
#include "models/training_case.h"
#include "pipelines/training_settings.h"

namespace consilium::pipelines {

/// Where a site records what its patients' privacy is spent on, and how much of it there is.
struct SiteLedger {
  std::filesystem::path folder;  ///< of the ledger: one for all federations that these patients are in
  fl::PrivacyBudget budget{};
};

/// A site's side of differential privacy: the noise of its steps, and the ledger that is charged before they are taken.
class SitePrivacy {
 public:
  /// `trainer_folder` holds what belongs to one federation. `cases`: those that are trained on; they must outlive it.
  SitePrivacy(const SiteLedger& ledger, std::filesystem::path trainer_folder, std::span<const models::TrainingCase> cases, std::string site);

  /// Steps for one stretch of training, charged; not private where the settings ask for none. `inputs`: digest of all that decides the stretch's gradients beside cases and
  /// noise; with the same inputs the noise is the same, and costs once.
  /// @throws Error{kRefused} the budget would be passed, or there is one and the noise would come from a seed that others know; as fl::noise_multiplier_for.
  models::PrivateSteps steps(const TrainingSettings& settings, std::int64_t round, const models::StepRange& range, const std::string& inputs);

  /// Says once, in the site's own log, how little these patients can teach through the noise, where it is little. Of a private training only. `numbers`: that are trained.
  void tell_if_useless(const TrainingSettings& settings, std::int64_t steps, std::int64_t numbers);

  /// A score as it may leave the site; nothing if validation is off.
  fl::Validation validation(const TrainingSettings& settings, std::int64_t round, const std::string& base_digest, fl::Validation plain);

  /// "epsilon" of this federation so far, at "delta", into an update's metrics.
  void note(fl::Update& update) const;

 private:
  struct Noise;
  std::string run() const;
  fl::NoiseKey key_for(const TrainingSettings& settings, const std::string& purpose);
  fl::BudgetLedger& ledger();
  void charge(const TrainingSettings& settings, fl::PrivacySpend spend);
  double noise_of(const TrainingPrivacy& privacy, std::int64_t steps);

  SiteLedger settings_;
  std::filesystem::path trainer_folder_;
  std::span<const models::TrainingCase> cases_;
  std::string cases_digest_, site_;  ///< the digest when it is first needed: it takes a second per gigabyte
  std::unique_ptr<fl::BudgetLedger> ledger_;
  std::map<std::string, double> noise_multipliers_;  ///< by privacy settings and steps: the search takes seconds
  std::map<std::string, double> metrics_;
  bool has_told_ = false;
};

}  // namespace consilium::pipelines
