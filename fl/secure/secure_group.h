#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "fl/secure/cohort.h"
#include "fl/secure/masked_sum.h"
#include "fl/stage.h"

namespace consilium::fl {

/// One sum in the making: the coordinator's side of the steps that follow the gathering, for the sites of one cohort. Where too few are left it is given up, and its sites have nothing more to say
/// in this attempt.
class SecureGroup {
 public:
  /// `settings` and `layout` must outlive it.
  SecureGroup(Cohort cohort, const SecureAggregationSettings& settings, const MaskedLayout& layout);

  const Cohort& cohort() const { return cohort_; }
  /// Why there will be no sum; empty: there may be one.
  const std::string& given_up() const { return given_up_; }
  void give_up(const std::string& why) { given_up_ = why; }
  bool expects(const std::string& site) const;
  bool has_answered(const std::string& site) const { return said(number_of(site)).has_answered; }
  std::vector<std::string> names_that(bool have_answered) const;

  /// The body of the stage for one of its sites, in all steps but the second, which shows everybody's advertisements.
  std::string body_for(SecureStep step, const std::string& site) const;
  /// @throws Error what is not an answer to this step: the site's failure.
  void take(SecureStep step, const std::string& site, const StageAnswer& answer);
  /// The site goes no further in this attempt.
  void lose(const std::string& site);

  /// Has everybody answered, or has come enough to open the sum?
  bool is_complete(SecureStep step) const;
  /// The shares that came do not fit: everybody's are waited for.
  void wait_for_all() { needs_all_ = true; }
  /// Goes on from `step` with those who have answered it, and says of the others in `failures` that they were not heard of; or gives up.
  void leave(SecureStep step, std::map<std::string, std::string>& failures);
  bool can_open() const;
  /// @pre can_open(). Of the sites in the sum. @throws Error{kMismatch} shares that do not fit.
  MaskedSum opened() const;
  std::vector<std::string> contributors() const { return cohort_.names_of(addends_); }

 private:
  /// What one site has said.
  struct Said {
    std::map<std::uint32_t, std::string> sealed;  ///< kShare: by recipient
    std::filesystem::path file;                   ///< kMask
    std::string signature;                        ///< kConsistency
    std::map<std::uint32_t, Secret32> shares;     ///< kUnmask: by whose secret
    bool has_answered = false;                    ///< the present step
    bool has_left = false;
  };
  void take_shares(std::uint32_t site, const std::string& body);
  void take_file(std::uint32_t site, const std::filesystem::path& file);
  void take_signature(std::uint32_t site, const std::string& body);
  void take_opening(std::uint32_t site, const std::string& body);
  Secret32 recovered(std::uint32_t site) const;
  std::vector<KeyedMask> masks_left_by(std::uint32_t site) const;
  std::uint32_t number_of(const std::string& site) const { return cohort_.number_of(site).value(); }
  Said& said(std::uint32_t site) { return said_[site]; }
  const Said& said(std::uint32_t site) const { return said_[site]; }

  Cohort cohort_;
  const SecureAggregationSettings& settings_;
  const MaskedLayout& layout_;
  std::vector<Said> said_;  ///< by number
  SiteSet expected_, sharers_, addends_;
  std::string given_up_;
  bool needs_all_ = false;
};

}  // namespace consilium::fl
