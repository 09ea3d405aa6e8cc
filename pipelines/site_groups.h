#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "fl/round.h"
#include "models/state/model_state.h"
#include "pipelines/anchor_update.h"

namespace consilium::pipelines {

/// What a site does in one round with groups of parameters that not every site owns (fl/group_owners.h): those that it has no case for stay as they are bit for bit and are not sent; those that have too
/// few owners are its own, kept from round to round, or stay as they are too.
///
/// Its own lie in FOLDER/owned_after_<trainings>.safetensors, one file per round, also when there are none: a group whose owners have become enough is shared from then on.
class SiteGroups {
 public:
  /// `cases`: of each group, how many of the site's training cases train it.
  SiteGroups(const fl::RoundPlan& plan, std::map<std::string, std::int64_t> cases, std::filesystem::path folder);

  /// The global model with the site's own groups as they were after `trainings` rounds.
  ModelState put_into(ModelState global, std::int64_t trainings) const;
  /// Names of the tensors that this site does not train.
  std::vector<std::string> frozen(const ModelState& model) const;
  /// Keeps the site's own groups of a model that was trained for the `trainings`th time.
  void save(const ModelState& trained, std::int64_t trainings) const;
  /// Of an update what is sent.
  ModelState sent(ModelState delta) const;
  /// Does the federation count its owners? Then a site says its cases also where it sends nothing.
  bool is_counted(const std::string& group) const { return protection_.groups && fl::is_conditional(*protection_.groups, group); }
  const std::map<std::string, std::int64_t>& cases() const { return cases_; }
  /// Anchors count the cases of their class, which training finds.
  void count(const models::FitReport& report) { count_class_means(report, cases_); }

 private:
  bool is_owned(const std::string& group) const;
  fl::GroupUse use_of(const std::string& group) const;

  fl::ProtectionSettings protection_;
  std::map<std::string, std::int64_t> cases_;
  std::filesystem::path folder_;
};

/// `global`, which came out of `trainings` rounds, with the groups that the site kept to itself then. @throws Error{kMismatch} the folder holds those of another model.
ModelState with_owned_groups(ModelState global, const std::filesystem::path& folder, std::int64_t trainings);

}  // namespace consilium::pipelines
