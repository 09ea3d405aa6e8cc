#pragma once

#include <memory>
#include <vector>

#include "fl/estimate/virtual_site.h"
#include "fl/update.h"

namespace consilium::fl {

/// What virtual sites send. Depends on its arguments only, so that a round which is repeated gives the same bytes.
class UpdateSource {
 public:
  virtual ~UpdateSource() = default;
  virtual ModelState initial() const = 0;
  /// With nothing but the difference to `global` after the training of site number `number` in round `round`.
  virtual Update update(std::size_t number, std::int64_t round, const ModelState& global) const = 0;
  /// Of `global` by that site, [0, 1].
  virtual double score(std::size_t number, const ModelState& global) const = 0;
};

/// Every site pulls the model a step of the way to an optimum of its own, which lies about a common one; the score is 1 / (1 + mean squared distance to the site's
/// optimum). It shows whether rounds lead somewhere when sites are left out; it is no forecast of Dice.
class SyntheticUpdates : public UpdateSource {
 public:
  SyntheticUpdates(const UpdateProfile& profile, std::uint64_t seed);
  ModelState initial() const override;
  Update update(std::size_t number, std::int64_t round, const ModelState& global) const override;
  double score(std::size_t number, const ModelState& global) const override;

 private:
  std::vector<double> optimum(std::size_t number) const;
  UpdateProfile profile_;
  Rng rng_;
  std::vector<double> common_;
};

/// Deltas that real trainings left behind, dealt to the sites in turn and from round to round: every number that is aggregated was once computed by a network. Sites do not
/// react to the global model; the score is 0.
class RecordedUpdates : public UpdateSource {
 public:
  /// Reads *.safetensors of a folder, sorted by name. @throws Error{kNotFound} there is none; Error{kMismatch} they differ in layout.
  explicit RecordedUpdates(const std::string& folder);
  ModelState initial() const override;
  Update update(std::size_t number, std::int64_t round, const ModelState& global) const override;
  double score(std::size_t number, const ModelState& global) const override;

 private:
  std::vector<std::shared_ptr<const ModelState>> deltas_;  ///< many sites send the same: none is copied
};

std::unique_ptr<UpdateSource> make_update_source(const UpdateProfile& profile, std::uint64_t seed);

}  // namespace consilium::fl
