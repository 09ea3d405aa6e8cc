#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/settings.h"
#include "fl/privacy/accountant.h"
#include "fl/privacy/noise_stream.h"
#include "fl/sqlite.h"

namespace consilium::fl {

/// What one site may tell of any one of its patients, in all.
struct PrivacyBudget {
  double epsilon_per_year = 0;  ///< over the last 365 days, all federations together; 0: no bound
  double epsilon_per_run = 0;   ///< of one federation; 0: no bound
  double delta = 1e-5;          ///< at which epsilon is stated; below 1 / patients
  Accountant accountant = Accountant::kPld;

  bool operator==(const PrivacyBudget&) const = default;
};
void read_privacy_budget(SettingsReader& reader, PrivacyBudget& budget);
Json to_json(const PrivacyBudget& budget);
/// @throws Error{kUsage} naming the field below `path`.
void validate(const PrivacyBudget& budget, const std::string& path = "privacy_budget");

/// What one round's training tells of a patient.
struct PrivacySpend {
  std::string run;        ///< of the federation
  std::int64_t round = 0;
  std::string draw;       ///< NoiseKey::name of the noise: the same training once more tells nothing new, another noise does
  std::string mechanism = "dp_sgd";
  SampledGaussian releases;
  double clip = 1;

  bool operator==(const PrivacySpend&) const = default;
};

/// Epsilon at the budget's delta.
struct PrivacySpent {
  double run = 0;   ///< of the run that was charged
  double year = 0;  ///< of all runs in the last 365 days
};

/// One line of the ledger.
struct BudgetEntry {
  PrivacySpend spend;
  std::int64_t time = 0;  ///< UTC seconds
  PrivacySpent after;
};

/// A site's record of what its patients' privacy was spent on: FOLDER/privacy.sqlite, beside FOLDER/noise.key.
///
/// It belongs to the data, not to a federation: one folder for all of them. A spend is on disk, synchronised, before `charge` returns, and is charged before
/// training begins; so what leaves the site has always been charged, whenever the process dies. Several processes may charge at once.
class BudgetLedger {
 public:
  /// @throws Error{kCannotWrite}; Error{kCorruptData} damaged; Error{kUnsupported} of another format.
  explicit BudgetLedger(const std::filesystem::path& folder);

  /// Records the spend and says what is spent afterwards; a spend of the same run, round and draw is not charged twice.
  /// @throws Error{kRefused} it would pass the budget: nothing is recorded, and nothing may be trained; Error{kMismatch} the same draw with
  /// other parameters.
  PrivacySpent charge(const PrivacySpend& spend, const PrivacyBudget& budget, std::int64_t now);

  /// The site's secret, from which each round's noise is derived; made at first use.
  /// A site that was killed repeats a round with the same noise, and nobody else can.
  NoiseKey noise_key() const;

 private:
  std::filesystem::path folder_;
  Sqlite database_;
};

/// What is recorded, oldest first; empty where there is no ledger yet. Other processes may write meanwhile.
/// @throws as BudgetLedger.
std::vector<BudgetEntry> read_budget_ledger(const std::filesystem::path& folder);

/// Epsilon of the last 365 days before `now`, and of one run. A clock that was set back hides nothing: what lies in the future counts.
PrivacySpent spent(const std::vector<BudgetEntry>& entries, const std::string& run, const PrivacyBudget& budget, std::int64_t now);

}  // namespace consilium::fl
