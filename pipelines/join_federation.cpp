#include "pipelines/join_federation.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "base/folder_lock.h"
#include "base/stop.h"
#include "fl/federation_settings.h"
#include "fl/policy/signed_policy.h"
#include "fl/transport/client.h"
#include "imaging/label_scheme.h"
#include "models/device.h"
#include "pipelines/annotation.h"
#include "pipelines/data_trainer.h"
#include "pipelines/join_peers.h"
#include "pipelines/membership.h"
#include "pipelines/plan_terms.h"

namespace consilium::pipelines {
namespace {

/// The address itself, or the content of the file it names, which a coordinator writes when it listens.
std::string resolve_address(const JoinSettings& settings, const std::atomic<bool>* stop) {
  if (!settings.coordinator.starts_with("@")) return settings.coordinator;
  const fs::path file = settings.coordinator.substr(1);
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(settings.give_up_seconds);
  while (!fs::exists(file)) {
    throw_if_stopped(stop);
    require(std::chrono::steady_clock::now() < end, ErrorCode::kUnreachable, file.string() + ": no coordinator has written its address there");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  std::string address = read_file(file, 4096);
  while (!address.empty() && std::isspace(static_cast<unsigned char>(address.back())) != 0) address.pop_back();
  return address;
}

/// The policy that this site obeys, if it has one. Read once: a policy that is changed counts from the next start on.
std::optional<fl::SitePolicy> site_policy(const JoinSettings& settings) {
  if (settings.policy.empty()) return std::nullopt;
  return fl::read_signed_policy(settings.policy, settings.policy_signer);
}

/// The policy's budget, and within it the one that the site has given itself.
fl::PrivacyBudget stricter(const fl::PrivacyBudget& own, fl::PrivacyBudget policy) {
  const auto least = [](double a, double b) { return a == 0 ? b : b == 0 ? a : std::min(a, b); };
  const bool has_own = own.epsilon_per_run > 0 || own.epsilon_per_year > 0;
  require(!has_own || (own.delta == policy.delta && own.accountant == policy.accountant), ErrorCode::kUsage, "privacy_budget: another delta or accountant than the policy's patient_privacy; the two cannot be compared");
  policy.epsilon_per_run = least(own.epsilon_per_run, policy.epsilon_per_run);
  policy.epsilon_per_year = least(own.epsilon_per_year, policy.epsilon_per_year);
  return policy;
}

bool are_addresses(const std::string& text) {
  const std::vector<std::string> addresses = fl::split_addresses(text);
  return std::all_of(addresses.begin(), addresses.end(), fl::is_address);
}

}  // namespace

JoinSettings parse_join_settings(const Json& json, const std::string& origin, const fs::path& base) {
  JoinSettings s;
  SettingsReader reader(json, origin);
  std::string schema = "consilium.site/1";
  reader.field("schema", schema);
  require(schema == "consilium.site/1", ErrorCode::kUsage, origin + ".schema: expected \"consilium.site/1\", found \"" + schema + "\"");
  reader.field("invitation", s.invitation);
  Json peers;
  reader.raw("peers", peers);
  if (!peers.is_null()) s.peers = parse_peers_settings(peers, origin + ".peers", base);
  for (const auto& [key, target] : {std::pair("name", &s.name), std::pair("coordinator", &s.coordinator)}) {
    if (s.invitation.empty() && (target == &s.name || !s.peers)) reader.required(key, *target);
    else reader.field(key, *target);  // the invitation says both; among peers there is no coordinator
  }
  reader.required("keys", s.keys);
  reader.required("data", s.data);
  reader.field("scheme", s.scheme);
  reader.field("files", s.files);
  reader.field("annotated", s.annotated);
  reader.field("device", s.device);
  reader.required("folder", s.folder);
  reader.field("give_up_seconds", s.give_up_seconds);
  reader.field("renew_days", s.renew_days);
  reader.field("folds", s.folds);
  reader.field("fold", s.fold);
  reader.field("minimum_count", s.minimum_count);
  reader.field("policy", s.policy);
  reader.field("policy_signer", s.policy_signer);
  reader.field("case_key", s.case_key);
  reader.field("privacy_ledger", s.privacy_ledger);
  reader.object("privacy_budget", [&](SettingsReader& budget) { fl::read_privacy_budget(budget, s.privacy_budget); });
  reader.finish();
  require(s.policy.empty() == s.policy_signer.empty(), ErrorCode::kUsage, origin + ".policy: a policy and the key of its signer (policy_signer) belong together");
  require(!s.peers || s.policy.empty(), ErrorCode::kUsage, origin + ".policy: is not obeyed among peers yet; leave one of the two out");
  const bool is_invited = !s.invitation.empty();
  if (!is_invited || !s.name.empty()) fl::validate_site_names({s.name}, origin + ".name");
  const bool is_place = s.coordinator.starts_with("@") ? s.coordinator.size() > 1 : are_addresses(s.coordinator);
  require(!s.peers || s.coordinator.empty(), ErrorCode::kUsage, origin + ".coordinator: among peers there is none");
  require(!s.peers || !is_invited, ErrorCode::kUsage, origin + ".invitation: no coordinator is there to enrol with; use consilium keys enrol --csr-out, or keys issue");
  require(s.peers || is_place || (is_invited && s.coordinator.empty()), ErrorCode::kUsage, origin + ".coordinator: expected host:port or @FILE, found \"" + s.coordinator + "\"");
  require(std::isfinite(s.give_up_seconds) && s.give_up_seconds > 0, ErrorCode::kUsage, origin + ".give_up_seconds: expected a number above 0");
  require(std::isfinite(s.renew_days) && s.renew_days >= 0 && s.renew_days <= 36500, ErrorCode::kUsage, origin + ".renew_days: expected 0 to 36500");
  require(s.folds == 0 || (s.folds >= 2 && s.fold >= 0 && s.fold < s.folds), ErrorCode::kUsage, origin + ".fold: expected 0 to below folds, and folds 0 or at least 2");
  require(s.minimum_count >= 1, ErrorCode::kUsage, origin + ".minimum_count: expected 1 or more");
  imaging::label_scheme(s.scheme);
  models::require_device_word(s.device, origin + ".device");
  validate_annotated(s.annotated, origin + ".annotated");
  for (std::string* path : {&s.keys, &s.data, &s.folder, &s.invitation, &s.policy, &s.policy_signer, &s.case_key, &s.privacy_ledger}) *path = resolved(base, *path);
  if (s.coordinator.starts_with("@")) s.coordinator = "@" + resolved(base, s.coordinator.substr(1));
  return s;
}

Json to_json(const JoinSettings& s) {
  return {{"schema", "consilium.site/1"}, {"name", s.name}, {"coordinator", s.coordinator}, {"keys", s.keys}, {"invitation", s.invitation}, {"data", s.data}, {"scheme", s.scheme}, {"files", s.files}, {"annotated", s.annotated}, {"device", s.device}, {"folder", s.folder},
          {"give_up_seconds", s.give_up_seconds}, {"renew_days", s.renew_days}, {"folds", s.folds}, {"fold", s.fold}, {"minimum_count", s.minimum_count}, {"policy", s.policy}, {"policy_signer", s.policy_signer}, {"case_key", s.case_key}, {"privacy_ledger", s.privacy_ledger}, {"privacy_budget", to_json(s.privacy_budget)}, {"peers", s.peers ? to_json(*s.peers) : Json()}};
}

ModelState join_federation(const JoinSettings& given, const std::function<void(const std::string&)>& on_event, const std::atomic<bool>* stop) {
  models::find_device(given.device);  // before anything is made, and an invitation used
  if (given.peers) return join_peers(given, on_event, stop);
  const FolderLock lock(given.folder);
  const auto policy = site_policy(given);
  const Membership member = membership({given.name, given.coordinator, given.keys, given.invitation, given.give_up_seconds}, on_event, stop);
  JoinSettings settings = given;
  settings.name = member.name;
  settings.coordinator = member.coordinator;
  require(!policy || policy->site.empty() || policy->site == settings.name, ErrorCode::kRefused, "the policy is for site \"" + (policy ? policy->site : "") + "\", this one is \"" + settings.name + "\"");
  if (policy && policy->patient_privacy) settings.privacy_budget = stricter(settings.privacy_budget, *policy->patient_privacy);
  fl::SiteProgress progress;
  const auto trainer = data_trainer(settings, progress, on_event, stop);
  fl::SiteOptions options;
  options.name = settings.name;
  options.coordinator = resolve_address(settings, stop);
  options.tls = fl::tls_files(settings.keys, settings.name);
  options.folder = settings.folder;
  options.model_metadata = [&](const std::string& task, std::int64_t trainings) { return metadata_at_site(settings, task, trainings); };
  options.finish = [&](const std::string& task, ModelState best, std::int64_t trainings) { return finished_at_site(settings, task, std::move(best), trainings); };
  options.give_up_seconds = settings.give_up_seconds;
  options.renew_days = settings.renew_days;
  options.enrolments = member.enrolments;
  options.progress = &progress;
  if (policy) {
    // The same terms are announced round after round, and what a training costs takes seconds to work out.
    options.refuses = [&policy, known = fl::RoundPlan{}, known_bytes = std::uint64_t{0}, answer = std::optional<std::string>{}](fl::RoundPlan plan, std::uint64_t model_bytes) mutable {
      plan.round = 0;
      plan.base_digest.clear();
      if (!answer || !(plan == known) || model_bytes != known_bytes) {
        answer = policy_refusal(*policy, plan, model_bytes);
        known = std::move(plan);
        known_bytes = model_bytes;
      }
      return *answer;
    };
  }
  return fl::run_site(options, *trainer, on_event, stop);
}

}  // namespace consilium::pipelines
