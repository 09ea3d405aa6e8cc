#pragma once

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fl/secure/secure_group.h"
#include "fl/stage.h"

namespace consilium::fl {

struct SecureRoundOptions {
  std::string federation;
  CertificateCheck check;
  std::filesystem::path folder;       ///< the sum is written here
  double mask_seconds = 3600;         ///< for the masked update
  std::uint64_t noise_bound = 0;      ///< by how much noise may move a value of the sum, see NoiseShare
};

/// The coordinator's side of secure aggregation. It sees keys, sealed shares, masked updates, and in the end the shares that open the masks of the sum, or of the sum of each group of sites; never an update.
/// All groups take the same step at the same time. A group in which too few sites are left is given up, and the others go on; an attempt in which too few groups are left (without groups: the one) ends; the
/// next one has other keys everywhere.
/// Source: Bonawitz et al., Practical secure aggregation, CCS 2017, figure 4; Bell et al., CCS 2020, for sites that share with a part of the others. Groups: Karimireddy, He, Jaggi 2022 (arXiv:2006.09365),
/// algorithm 1, each bucket a secure sum.
class SecureRound final : public RoundProtocol {
 public:
  SecureRound(SecureRoundOptions options, RoundPlan plan, std::vector<std::string> asked, const ModelState& global);
  ~SecureRound() override;

  bool is_gathering() const override { return step_ == SecureStep::kAdvertise; }
  std::vector<std::string> answered() const override;
  std::vector<std::string> waiting_for() const override;
  std::string hindrance() const override;
  std::int64_t least() const override { return settings_.threshold * std::max<std::int64_t>(1, settings_.least_groups); }
  void begin(double now) override;
  std::optional<RoundStage> stage_for(const std::string& site) const override;
  std::uint64_t most_file_bytes() const override { return layout_.size_bytes(); }
  Receipt receive(const std::string& site, const StageAnswer& answer, double now) override;
  bool advance(double now) override;
  std::optional<ProtectedSum> take_sum() override;
  std::map<std::string, std::string> failures() const override { return failures_; }

 private:
  /// What a site has said while sites gather.
  struct Ready {
    Advertisement advertisement;
    bool has_answered = false;
  };
  bool is_grouped() const { return settings_.group_size > 0; }
  AttemptContext context() const;
  void take_advertisement(const std::string& site, const std::string& body);
  std::vector<std::string> opened_before() const;
  std::vector<Advertisement> advertised() const;
  std::optional<std::int64_t> number_of_group(const std::string& site) const;
  std::vector<std::string> names_that(bool have_answered) const;
  void begin_anew(const std::string& why, double now);
  std::size_t groups_left() const;
  bool goes_on_without_given_up(double now);
  bool open(bool is_late, double now);
  bool open_group(std::int64_t number, SecureGroup& group, bool is_late);
  ProtectedSum sum_of_groups() const;

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
  std::map<std::string, Ready> ready_;             ///< of those who were asked
  std::string advertisements_;                     ///< as all sites of this attempt see them
  std::map<std::int64_t, SecureGroup> groups_;     ///< by number, from 1; without groups there is one
  struct Opened {
    ProtectedSum sum;
    std::vector<std::uint64_t> totals;
  };
  std::map<std::int64_t, Opened> opened_;          ///< of this attempt
  std::map<std::string, std::string> failures_;
  std::optional<ProtectedSum> sum_;
  std::string broken_;  ///< why what was opened is no sum of honest sites
};

}  // namespace consilium::fl
