#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fl/secure/cohort.h"
#include "fl/secure/masked_layout.h"
#include "fl/stage.h"

namespace consilium::fl {

struct SecureRoundOptions {
  std::string federation;
  CertificateCheck check;
  std::filesystem::path folder;       ///< the sum is written here
  double mask_seconds = 3600;         ///< for the masked update
  std::uint64_t noise_bound = 0;      ///< by how much noise may move a value of the sum, see NoiseShare
};

/// The coordinator's side of secure aggregation. It sees keys, sealed shares, masked updates, and in the end the shares that open the masks of the sum; never an update.
/// An attempt in which too few sites are left ends; the next one has other keys everywhere.
/// Source: Bonawitz et al., Practical secure aggregation, CCS 2017, figure 4; Bell et al., CCS 2020, for sites that share with a part of the others.
class SecureRound final : public RoundProtocol {
 public:
  SecureRound(SecureRoundOptions options, RoundPlan plan, std::vector<std::string> asked, const ModelState& global);
  ~SecureRound() override;

  bool is_gathering() const override { return step_ == SecureStep::kAdvertise; }
  std::vector<std::string> answered() const override;
  std::vector<std::string> waiting_for() const override;
  std::string hindrance() const override;
  std::int64_t least() const override { return settings_.threshold; }
  void begin(double now) override;
  std::optional<RoundStage> stage_for(const std::string& site) const override;
  std::uint64_t most_file_bytes() const override { return layout_.size_bytes(); }
  Receipt receive(const std::string& site, const StageAnswer& answer, double now) override;
  bool advance(double now) override;
  std::optional<ProtectedSum> take_sum() override;
  std::map<std::string, std::string> failures() const override { return failures_; }

 private:
  /// What one site has said in this attempt.
  struct Said {
    Advertisement advertisement;
    std::map<std::uint32_t, std::string> sealed;  ///< kShare: by recipient
    std::filesystem::path file;                   ///< kMask
    std::string signature;                        ///< kConsistency
    std::map<std::uint32_t, Secret32> shares;     ///< kUnmask: by whose secret
    bool has_answered = false;                    ///< the present step
    bool has_left = false;                        ///< this attempt
  };
  AttemptContext context() const;
  void take_advertisement(const std::string& site, const std::string& body);
  void take_shares(std::uint32_t site, const std::string& body);
  void take_signature(std::uint32_t site, const std::string& body);
  void take_opening(std::uint32_t site, const std::string& body);
  std::vector<std::string> opened_before() const;
  bool is_expected(const std::string& site) const;
  void next_step(double now);
  void begin_anew(const std::string& why, double now);
  bool can_open() const;
  Secret32 recovered(std::uint32_t site) const;
  void open();
  Said& said(std::uint32_t site) { return said_[(*cohort_)[site].name]; }
  const Said& said(std::uint32_t site) const { return said_.at((*cohort_)[site].name); }

  SecureRoundOptions options_;
  RoundPlan plan_;
  SecureAggregationSettings settings_;
  std::vector<std::string> asked_;
  MaskedLayout layout_;
  std::string plan_digest_;

  std::string attempt_;
  SecureStep step_ = SecureStep::kAdvertise;
  double step_ends_ = 0, resumes_ = 0;
  int attempts_ = 0;
  bool is_paused_ = false;
  std::string last_failure_;
  std::map<std::string, Said> said_;
  std::optional<Cohort> cohort_;
  SiteSet expected_, sharers_, addends_;
  std::map<std::string, std::string> failures_;
  std::optional<ProtectedSum> sum_;
  std::string broken_;  ///< why what was opened is no sum of honest sites
};

}  // namespace consilium::fl
