#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/rng.h"
#include "fl/secure/secure_round.h"
#include "fl/secure/secure_site.h"

namespace consilium::fl::test {

/// Sites and a coordinator at one table: whoever drops out, lies or sends other words is up to the test.
class SecureTable {
 public:
  explicit SecureTable(std::size_t sites, SecureAggregationSettings settings = {}) : members(simulated_members(names_of(sites))) {
    global.tensors = {{"a", "trunk", {13}, std::vector<float>(13)}, {"b", "stem.mr", {5, 4}, std::vector<float>(20)}, {"c", "stem.ct", {7}, std::vector<float>(7)}};
    plan = {0, 3, std::string(64, '0'), "{}", {}, {}};
    plan.protection.secure_aggregation = settings;
    plan.protection.secure_aggregation->threshold = threshold_of(settings, sites);
    if (settings.group_size > 0) plan.protection.secure_aggregation->least_groups = least_groups_of(settings, 1);
    for (std::size_t n = 0; n < sites; ++n) updates[names()[n]] = update_of(n);
  }
  static std::vector<std::string> names_of(std::size_t sites) {
    std::vector<std::string> all;
    for (std::size_t n = 0; n < sites; ++n) all.push_back("s" + std::to_string(1000 + n));
    return all;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& [name, identity] : members.identities) all.push_back(name);
    return all;
  }
  Update update_of(std::size_t n) const {
    Rng rng(100 + n);
    Update update;
    update.delta = global;
    if (n % 3 == 1) update.delta.tensors.erase(update.delta.tensors.begin() + 1);  // owns no MR
    for (NamedTensor& tensor : update.delta.tensors)
      for (float& value : tensor.values) value = static_cast<float>(rng.uniform() * 4 - 2);
    update.cases_per_group = {{"trunk", static_cast<std::int64_t>(10 + n)}, {"stem.mr", n % 3 == 1 ? 0 : 7}, {"stem.ct", n % 2 == 0 ? 3 : 0}};
    update.validation = {0.5 + 0.01 * static_cast<double>(n), static_cast<std::int64_t>(2 + n)};
    update.metrics = {{"loss", 1.0 + static_cast<double>(n)}, {"seconds", 5}};
    return update;
  }

  SecureRound& open_round() {
    round = std::make_unique<SecureRound>(SecureRoundOptions{"federation", members.check, folder.path(), 100}, plan, names(), global);
    return *round;
  }
  SecureSite& site(const std::string& name) {
    std::unique_ptr<SecureSite>& site = sites[name];
    if (!site) {
      make_folder(folder.path() / name);
      site = std::make_unique<SecureSite>(SecureSiteOptions{members.identities.at(name), members.check, "federation", folder.path() / name, Durability::kKill});
    }
    return *site;
  }
  /// Kills the process of a site: its secrets are gone, its folder is not.
  void kill(const std::string& name) { sites.erase(name); }

  std::optional<StageAnswer> answer_of(const std::string& name) {
    const auto stage = round->stage_for(name);
    if (!stage) return std::nullopt;
    return site(name).answer(*stage, plan, global, updates.at(name));
  }
  Receipt deliver(const std::string& name, const StageAnswer& answer) {
    declined[name] = answer.declined;
    return round->receive(name, answer, now);
  }
  /// Every site answers the present stage, and what `liar` sends as a file is noise.
  void answer_with_noise_of(const std::string& liar) {
    for (const std::string& name : names()) {
      const StageAnswer answer = *answer_of(name);
      if (name == liar) {
        std::string file = read_file(answer.file);
        for (char& byte : file) byte = static_cast<char>(byte + 77);
        write_file(answer.file, file);
      }
      deliver(name, answer);
    }
  }
  /// One step: every site but those of `absent` answers the present stage, and time passes until the next.
  void step(const std::set<std::string>& absent = {}) {
    for (const std::string& name : round->waiting_for()) {
      if (absent.contains(name)) continue;
      if (const auto answer = answer_of(name)) last[name] = deliver(name, *answer);
    }
    if (round->is_gathering()) {
      if (round->hindrance().empty() && round->answered().size() >= static_cast<std::size_t>(round->least())) round->begin(now);
      return;
    }
    if (!round->advance(now)) {
      now += 1000;
      round->advance(now);
    }
  }
  /// The whole attempt; `gone` says who vanishes before which step. Nothing when it ended without a sum.
  std::optional<ProtectedSum> run(const std::map<std::string, std::uint32_t>& gone = {}) {
    open_round();
    return go_on(gone);
  }
  std::optional<ProtectedSum> go_on(const std::map<std::string, std::uint32_t>& gone = {}) {
    for (std::uint32_t number = 0; number < kSecureSteps; ++number) {
      std::set<std::string> absent;
      for (const auto& [name, when] : gone)
        if (when <= number) absent.insert(name);
      const bool gathering = round->is_gathering();
      if (gathering != (number == 0)) return std::nullopt;
      step(absent);
      if (auto sum = round->take_sum()) return sum;
    }
    return std::nullopt;
  }

  /// The plain sum of the sites' integers, position by position.
  std::vector<std::uint64_t> plain_sum(const std::vector<std::string>& contributors) const {
    const MaskedLayout layout = masked_layout(plan, global);
    std::vector<std::uint64_t> sum(layout.size()), one(layout.size());
    for (const std::string& name : contributors) {
      SiteIntegers(layout, plan.protection, updates.at(name), static_cast<std::int64_t>(contributors.size())).fill(0, one);
      for (std::size_t n = 0; n < sum.size(); ++n) sum[n] += one[n];
    }
    return sum;
  }
  /// Is the mean, bit for bit, what these sites' integers sum to?
  bool is_sum_of(const ProtectedSum& sum, const std::vector<std::string>& contributors) const {
    return sum.contributors == contributors && is_mean_of(sum.mean, contributors);
  }
  /// The same of every group, and of all that is told of them together.
  bool are_sums_of_their_groups(const ProtectedSum& sum) const {
    std::vector<std::string> all;
    for (const GroupMean& group : sum.groups) {
      all.insert(all.end(), group.sites.begin(), group.sites.end());
      if (!is_mean_of(group.mean, group.sites)) return false;
    }
    std::sort(all.begin(), all.end());
    return all == sum.contributors && std::adjacent_find(all.begin(), all.end()) == all.end();
  }
  bool is_mean_of(const Update& mean, const std::vector<std::string>& contributors) const {
    const MaskedLayout layout = masked_layout(plan, global);
    const std::vector<std::uint64_t> plain = plain_sum(contributors);
    const FixedPoint code = fixed_point_of(*plan.protection.secure_aggregation);
    const UpdateWeights weights(mean);
    std::size_t trained = 0;
    for (std::size_t part = 0; part < layout.parts.size(); ++part) {
      const std::uint64_t cases = plain[layout.totals_begin + part];
      if (cases == 0) continue;
      ++trained;
      const auto number = weights.find(layout.parts[part].name);
      if (!number || mean.cases_per_group.at(layout.parts[part].group) < static_cast<std::int64_t>(cases)) return false;
      std::vector<float> scratch;
      const auto values = weights.block(*number, 0, layout.parts[part].count, scratch);
      for (std::uint64_t n = 0; n < layout.parts[part].count; ++n)
        if (values[n] != static_cast<float>(code.decode(plain[layout.parts[part].begin + n]) / static_cast<double>(cases))) return false;
    }
    return trained == weights.size();
  }

  TemporaryFolder folder;
  SimulatedMembers members;
  ModelState global;
  RoundPlan plan;
  std::map<std::string, Update> updates;
  std::unique_ptr<SecureRound> round;
  std::map<std::string, std::unique_ptr<SecureSite>> sites;
  std::map<std::string, Receipt> last;
  std::map<std::string, std::string> declined;
  double now = 0;
};

}  // namespace consilium::fl::test
