#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/settings.h"
#include "fl/privacy/budget.h"
#include "models/state/model_state.h"
#include "pipelines/ingest.h"
#include "pipelines/peers_settings.h"

namespace consilium::pipelines {

/// One hospital's side of a federation: where its data, its keys and its coordinator are, or its peers. What is trained comes from the coordinator, or from the initial model of the peers.
struct JoinSettings {
  std::string name;                   ///< as in the site's certificate; with an invitation its name by default
  std::string coordinator;            ///< host:port, or "@FILE": the file holds it (it is waited for); with an invitation its address by default
  std::string keys;                   ///< folder with ca.crt, NAME.crt and NAME.key
  std::string invitation;             ///< file: with it the site enrols by itself on its first start, and its keys come to lie in `keys`
  std::string data;                   ///< folder of cases
  std::string scheme = "brats2023";   ///< what the labels of these cases mean
  FilePatterns files;                 ///< where the file names are the site's own
  std::vector<std::string> annotated; ///< regions and tissues that they show, as SiteLabels; empty: everything
  std::string device = "auto";        ///< as models::find_device; what trains and predicts here
  std::string folder;                 ///< for the site's own state and, at the end, model.safetensors
  double give_up_seconds = 3600;      ///< without contact to the coordinator
  double renew_days = 30;             ///< a certificate that ends sooner is renewed between two rounds; 0: never
  int folds = 0, fold = 0;            ///< cross-validation, as SimulationSettings
  std::int64_t minimum_count = 5;     ///< of cases behind any figure of federated statistics; this site's own rule, no coordinator can lower it
  std::string policy, policy_signer;  ///< files: what this site demands of a plan, and the public key of who signed it; both or none
  std::string case_key;               ///< file with a secret of all hospitals and not of the coordinator: with it, digests of the training cases are sent, so that the same patients at two sites are found; empty: none are
  std::string privacy_ledger;               ///< folder of the record of what these patients' privacy was spent on, the same for all federations they are in; empty: FOLDER/optimiser/privacy
  fl::PrivacyBudget privacy_budget{}; ///< the most that may be spent; this site's own, no coordinator can raise it
  std::optional<PeersSettings> peers{};  ///< without coordinator

  bool operator==(const JoinSettings&) const = default;
};

/// Relative paths are taken from `base`. @throws Error{kUsage} naming the key, and the nearest known one.
JoinSettings parse_join_settings(const Json& json, const std::string& origin, const std::filesystem::path& base);
Json to_json(const JoinSettings& settings);

/// Takes part until the federation is finished: reads the cases once the first plan says what for, trains (or evaluates, predicts, counts), and leaves the
/// best model in `folder`.
/// @throws as run_site and prepare_site.
ModelState join_federation(const JoinSettings& settings, const std::function<void(const std::string&)>& on_event, const std::atomic<bool>* stop = nullptr);

}  // namespace consilium::pipelines
