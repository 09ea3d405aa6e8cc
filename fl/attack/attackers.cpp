#include "fl/attack/attackers.h"

#include "fl/attack/poisoned_update.h"
#include "models/state/arithmetic.h"

namespace consilium::fl {
namespace {

ModelState times(double factor, const ModelState& delta) { return linear(factor, delta, 0, delta); }

}  // namespace

class Attackers::Site : public Trainer {
 public:
  Site(Attackers& together, std::size_t number, std::string name, Trainer& honest, std::int64_t cases) : honest_(honest), name_(std::move(name)), cases_(cases), together_(together), number_(number) {}
  Validation validate(const RoundPlan& plan, const ModelState& global) override {
    const auto turn = together_.turn();
    return honest_.validate(plan, global);
  }
  Update last_look(const RoundPlan& plan, const ModelState& global) override {
    const auto turn = together_.turn();
    return honest_.last_look(plan, global);
  }
  Update train(const RoundPlan& plan, const ModelState& global) override {
    Update update = together_.update_of(number_, plan, global);
    if (together_.settings_.cases > 0)
      for (auto& [group, cases] : update.cases_per_group) cases = together_.settings_.cases;
    return update;
  }

  Trainer& honest_;
  std::string name_;
  std::int64_t cases_;
  ModelState last_global_{};  ///< free_rider: what it was sent in the round before

 private:
  Attackers& together_;
  std::size_t number_;
};

Attackers::Attackers(const AttackSettings& settings, std::size_t sites, std::size_t attackers, std::uint64_t seed) : settings_(settings), strength_(strength_of(settings, sites, attackers)), seed_(seed) {}
Attackers::~Attackers() = default;

Trainer& Attackers::add(const std::string& site, Trainer& honest, std::int64_t cases) {
  members_.push_back(std::make_unique<Site>(*this, members_.size(), site, honest, cases));
  return *members_.back();
}

std::unique_lock<std::mutex> Attackers::turn() { return collude() ? std::unique_lock(guard_) : std::unique_lock<std::mutex>(); }

Rng Attackers::draw(std::size_t member, const RoundPlan& plan) const { return Rng(seed_).fork("attack").fork(members_[member]->name_).fork(static_cast<std::uint64_t>(plan.round)); }

const std::vector<Update>& Attackers::known_updates(const RoundPlan& plan, const ModelState& global) {
  if (known_round_ == plan.round) return known_;
  known_.clear();
  for (const auto& member : members_) known_.push_back(member->honest_.train(plan, global));
  known_round_ = plan.round;
  return known_;
}

Update Attackers::free_ride(std::size_t member, const RoundPlan& plan, const ModelState& global) {
  Site& site = *members_[member];
  Update update;
  update.step_norm = 1;
  const bool moved = !site.last_global_.tensors.empty();
  update.delta = moved ? linear(1, global, -1, site.last_global_) : times(0, global);
  // Of the first model it knows no more than how large weights are.
  const double size = root_mean_square(moved ? update.delta : global);
  update.delta = linear(1, update.delta, 1, noise_like(global, settings_.noise * size, draw(member, plan)));
  for (const NamedTensor& tensor : global.tensors) update.cases_per_group[tensor.group] = site.cases_;
  site.last_global_ = global;
  return update;
}

Update Attackers::update_of(std::size_t member, const RoundPlan& plan, const ModelState& global) {
  if (settings_.kind == AttackKind::kFreeRider) return free_ride(member, plan, global);
  const auto turn = this->turn();
  Update update = collude() ? known_updates(plan, global)[member] : members_[member]->honest_.train(plan, global);
  switch (settings_.kind) {
    case AttackKind::kSignFlip: update.delta = times(-strength_, update.delta); break;
    case AttackKind::kGaussian: update.delta = noise_like(update.delta, strength_ * root_mean_square(update.delta), draw(member, plan)); break;
    case AttackKind::kAlie: {
      std::vector<ModelState> known;
      for (const Update& other : known_) known.push_back(other.delta);
      update.delta = little_is_enough(known, strength_);
      break;
    }
    case AttackKind::kSybil: {
      const ModelState one = times(-strength_, known_[0].delta);
      update.delta = linear(1, one, 1, noise_like(one, settings_.noise * root_mean_square(one), draw(member, plan)));
      break;
    }
    default: update.delta = times(strength_, update.delta); break;
  }
  return update;
}

}  // namespace consilium::fl
