#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/settings.h"

namespace consilium::pipelines {

/// How well a score tells members from others, higher scores for members.
struct Separation {
  double auc = 0.5;           ///< chance that a member scores above another; ties count half
  double auc_low = 0;         ///< 95 % interval. Source: Hanley and McNeil 1982, doi:10.1148/radiology.143.1.7063747
  double auc_high = 1;
  double members_at_1 = 0;    ///< share of members found where at most 1 % of the others are taken for members
  double members_at_10 = 0;   ///< at most 10 %
};
/// @throws Error{kUsage} no member, or no other.
Separation separation(std::span<const double> members, std::span<const double> others);

struct MembershipCase {
  std::string name;
  bool member = false;
  double loss = 0;                          ///< of the attacked model
  std::optional<double> reference_loss{};   ///< of one that never saw the members
};

struct MembershipResults {
  std::string model;
  std::vector<MembershipCase> cases;
  Json settings;

  /// By the loss alone. Source: Yeom et al. 2018 (arXiv:1709.01604), adversary 2.
  Separation by_loss() const;
  /// By how much lower the loss is than the reference model's: hard and easy cases weigh the same. Nothing without a reference.
  /// Source: Watson et al. 2022 (arXiv:2111.08440): the likelihood ratio of Carlini et al. 2022 (arXiv:2112.03570) with one model in place of many shadows.
  std::optional<Separation> by_ratio() const;
};

Json to_json(const MembershipResults& results);
std::string to_text(const MembershipResults& results);
std::string membership_page(const MembershipResults& results);

}  // namespace consilium::pipelines
