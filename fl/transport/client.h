#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "fl/keys.h"
#include "fl/site_progress.h"
#include "fl/trainer.h"

namespace consilium::fl {

struct SiteOptions {
  std::string name;                 ///< as in the certificate
  std::string coordinator;          ///< host:port; several, with commas between: they are tried in turn
  TlsFiles tls;                     ///< read again at each connection: a certificate that was renewed is used from then on
  std::filesystem::path folder;     ///< the last update is kept here, and at the end model.safetensors
  double give_up_seconds = 600;     ///< without any contact to the coordinator
  SiteProgress* progress = nullptr; ///< what the coordinator is told of this site's work; the trainer writes its states and steps there. Null: only the phases
  double report_seconds = 2;        ///< between two reports of progress
  /// Of model.safetensors, from the plan's task and the rounds that the model came out of.
  std::function<std::map<std::string, std::string>(const std::string& task, std::int64_t trainings)> model_metadata{};
  /// What the site makes of the federation's best model, which came out of `trainings` rounds, before it becomes model.safetensors.
  std::function<ModelState(const std::string& task, ModelState best, std::int64_t trainings)> finish{};
  /// Why this site's policy refuses a plan whose model has so many bytes; empty when it does not.
  std::function<std::string(const RoundPlan& plan, std::uint64_t model_bytes)> refuses{};
  double renew_days = 30;           ///< a certificate that ends sooner, and has spent two thirds of its time, is renewed between two rounds; 0: never
  std::vector<std::string> enrolments{};  ///< host:port of enrolment services, which are asked why when mutual TLS fails
};

/// Takes part until the federation is finished, and returns its best model (as `finish` makes it).
///
/// A connection that breaks is opened again, with growing pauses. A site that was killed repeats at most the round it was in: an update that was
/// finished is on disk and is sent, not computed again. `on_event` gets a line per step of the protocol.
/// @throws Error{kUnreachable} no contact for give_up_seconds, saying why; Error{kRefused} the coordinator does not accept this site, or shows a
/// certificate that this site cannot accept, saying why and what to do, or `refuses` gave a reason, which the coordinator has been told;
/// Error{kMismatch} it speaks another version of the protocol; as read_tls_files; Error of the trainer; Error{kInterrupted} `stop` was set by another thread.
ModelState run_site(const SiteOptions& options, Trainer& trainer, const std::function<void(const std::string&)>& on_event = {}, const std::atomic<bool>* stop = nullptr);

}  // namespace consilium::fl
