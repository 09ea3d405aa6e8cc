#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/rng.h"
#include "fl/attack/attack_settings.h"
#include "fl/trainer.h"

namespace consilium::fl {

/// Sites of one simulated federation that attack it together. Each stands before an honest trainer and changes the update that it sends; what is done to a site's data
/// (flipped labels, triggers) has been done to the cases of that trainer. They follow the protocol otherwise: what a coordinator can see from outside is right.
///
/// Attackers of kind alie and sybil know one another's honest updates; each of these is trained once per round, whoever asks first.
class Attackers {
 public:
  /// `sites`: of the whole federation. `seed` is for noise. @throws Error{kUsage} as strength_of.
  Attackers(const AttackSettings& settings, std::size_t sites, std::size_t attackers, std::uint64_t seed);
  ~Attackers();
  Attackers(const Attackers&) = delete;
  Attackers& operator=(const Attackers&) = delete;

  /// The attacker in place of `honest`, which must outlive it. `cases`: how many the site has, for one that trains nothing. All must be added before the first round.
  Trainer& add(const std::string& site, Trainer& honest, std::int64_t cases);

 private:
  class Site;
  Update update_of(std::size_t member, const RoundPlan& plan, const ModelState& global);
  Update free_ride(std::size_t member, const RoundPlan& plan, const ModelState& global);
  const std::vector<Update>& known_updates(const RoundPlan& plan, const ModelState& global);
  bool collude() const { return settings_.kind == AttackKind::kAlie || settings_.kind == AttackKind::kSybil; }
  /// Of one that shares its trainer with the others, for as long as it is used.
  std::unique_lock<std::mutex> turn();
  Rng draw(std::size_t member, const RoundPlan& plan) const;

  AttackSettings settings_;
  double strength_;
  std::uint64_t seed_;
  std::vector<std::unique_ptr<Site>> members_;
  std::mutex guard_;
  std::int64_t known_round_ = -1;
  std::vector<Update> known_;  ///< honest updates of all members in round known_round_
};

}  // namespace consilium::fl
