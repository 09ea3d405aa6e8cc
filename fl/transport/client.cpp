#include "fl/transport/client.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/error.h"
#include "base/files.h"
#include "base/wait.h"
#include "fl/compress/round_encoder.h"
#include "fl/federation_settings.h"
#include "fl/known_certificate.h"
#include "fl/ledger/commitment.h"
#include "fl/round_protocols.h"
#include "fl/run_in_process.h"
#include "fl/transport/call_failures.h"
#include "fl/transport/channel.h"
#include "fl/transport/downloads.h"
#include "fl/transport/enrolment_client.h"
#include "fl/transport/growing_pause.h"
#include "fl/transport/handshake_failures.h"
#include "fl/transport/ledger_client.h"
#include "fl/transport/progress_reporter.h"
#include "fl/transport/refusal_cause.h"
#include "fl/transport/sending.h"
#include "fl/transport/update_file.h"
#include "fl/transport/watcher.h"
#include "fl/unpredictable.h"
#include "models/state/safetensors.h"
#include "models/state/safetensors_file.h"

namespace consilium::fl {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kRenewalLookSeconds = 3600;

std::string round_words(const RoundPlan& plan) { return "round " + std::to_string(plan.round + 1); }

/// The certificate is to be renewed, over a connection of its own.
struct RenewalDue {
  double days = 0;  ///< until it ends
};

/// A round whose updates are protected, over all its stages: what was trained, and the model's layout.
struct ProtectedRound {
  RoundPlan plan;
  ModelState layout;
  Update update;               ///< its weights are read from the disk
  std::string attempt;         ///< of the stage that was answered last
  std::uint32_t step = 0;

  bool is_of(const RoundPlan& other) const { return plan.round == other.round && plan.base_digest == other.base_digest; }
  bool has_answered(const RoundStage& stage) const { return attempt == stage.attempt && step == stage.step; }
};

ProtectedRound protected_round(const RoundPlan& plan, ModelState global, UpdateFile::Prepared prepared, const fs::path& weights) {
  ProtectedRound round{plan, std::move(global), std::move(prepared.update), "", 0};
  for (NamedTensor& tensor : round.layout.tensors) tensor.values = {};
  if (!plan.is_last_look()) round.update.delta_file = std::make_shared<const SafetensorsFile>(weights);
  return round;
}

/// A site's folder belongs to one run of one federation.
void require_same_federation(const fs::path& folder, const std::string& federation) {
  const fs::path file = folder / "federation";
  if (!fs::exists(file)) write_file(file, federation + "\n");
  require(read_file(file, 4096) == federation + "\n", ErrorCode::kMismatch,
          folder.string() + ": this site is in another run than the one that the coordinator announces; is a second coordinator running, or was the first one's folder lost? To leave the old run, give another folder, or remove this one");
}

/// A site's part in one federation, over as many connections as it takes.
class SiteRun {
 public:
  SiteRun(const SiteOptions& options, Trainer& trainer, const std::function<void(const std::string&)>& tell, const std::atomic<bool>* stop)
      : options_(options),
        trainer_(trainer),
        tell_(tell),
        stop_(stop),
        pems_(read_tls_files(options.tls, Role::kSite, options.name)),
        file_(options.folder),
        encoder_(options.name, compression_folder(options.folder)),
        downloads_(options.folder),
        witness_({.folder = options.folder / "ledger", .site = options.name, .authority = pems_.authority}),
        progress_(options.progress != nullptr ? *options.progress : phases_) {
    progress_.hide_figures(true);  // until the plan says that nothing is hidden
  }

  ModelState run() {
    const std::vector<std::string> addresses = split_addresses(options_.coordinator);
    for (std::size_t tries = 0;;) {
      const std::string& address = addresses[tries % addresses.size()];
      has_heard_ = false;
      try {
        return follow(address);
      } catch (const RenewalDue& due) {  // the line is closed: its certificate will be revoked
        renew_in_time(due, address);
      } catch (const Refused& refused) {
        renew(refused);
      } catch (const Broken& broken) {  // the adapter's own: gRPC gives no exceptions
        wait_after(broken, address);
        ++tries;  // the next of several addresses
      }
    }
  }

 private:
  /// One connection.
  struct Line {
    Line(const std::string& address, SiteRun& run)
        : channel(standing_channel(address, run.pems_)), stub(pb::Federation::NewStub(channel)), ledger(channel, run.witness_, run.tell_), watcher(*stub, run.instance_), reporter(channel, run.progress_, run.options_.report_seconds) {}
    std::shared_ptr<grpc::Channel> channel;
    std::unique_ptr<pb::Federation::Stub> stub;
    LedgerClient ledger;
    Watcher watcher;
    ProgressReporter reporter;
  };

  ModelState follow(const std::string& address) {
    Line line(address, *this);
    for (std::uint64_t seen = 0;;) {
      Announced announced = line.watcher.next(seen, stop_);
      note_contact(line);
      if (auto best = heed(line, announced)) return *std::move(best);
    }
  }

  void note_contact(Line& line) {
    last_contact_ = Clock::now();
    had_contact_ = has_heard_ = true;
    failures_.forget();
    if (const std::string difference = line.watcher.clock_difference(); !difference.empty() && !told_clock_) {
      tell_("warning: at the coordinator, " + difference + "; certificates may seem over or not valid yet");
      told_clock_ = true;
    }
    pause_.reset();
    told_.clear();
  }

  /// Does what an announcement asks for. The best model, when that is the end.
  std::optional<ModelState> heed(Line& line, Announced& a) {
    require_same_federation(options_.folder, a.federation);
    if (!a.finished && options_.refuses)
      if (const std::string reason = options_.refuses(a.plan, a.model.size_bytes); !reason.empty()) decline(*line.stub, a.plan.round, reason);
    require_answered(line.ledger.attend(a, pems_), "the ledger");
    if (a.finished) return finish(line, a);
    const bool is_protected = !a.plan.protection.is_plain(), is_open = is_protected && open_ && open_->is_of(a.plan);
    progress_.hide_figures(is_protected);
    const bool is_answered = is_protected ? !a.stage || (is_open && open_->has_answered(*a.stage)) : a.plan.round <= answered_;
    if (a.idle || is_answered) progress_.enter(SiteState::kWaiting);
    else if (is_open) answer_stage(line, a);
    else take_part_in_round(line, a);
    return std::nullopt;
  }

  void take_part_in_round(Line& line, Announced& a) {
    look_after_certificate();
    progress_.begin_round(a.plan.round);
    progress_.enter(SiteState::kFetching);
    ModelState global = downloads_.fetch(*line.stub, a);
    UpdateFile::Prepared prepared = prepared_update(a.plan, global);
    if (!a.plan.protection.is_plain()) {
      open_ = protected_round(a.plan, std::move(global), std::move(prepared), file_.weights());
      return answer_stage(line, a);
    }
    remember(witness_, prepared.update, prepared.delta.list, prepared.codec);
    progress_.enter(SiteState::kUploading);
    const Receipt receipt = send(*line.stub, prepared.update, prepared.delta, prepared.codec);
    progress_.enter(SiteState::kWaiting);
    answered_ = a.plan.round;
    if (receipt.kind == ReceiptKind::kDuplicate) witness_.note_duplicate(a.plan.round);
    if (receipt.kind == ReceiptKind::kRejected) tell_(round_words(a.plan) + ": the coordinator rejected the update: " + receipt.reason);
    if (receipt.kind == ReceiptKind::kStale) tell_(round_words(a.plan) + " was closed without this site");
  }

  /// The update of this round: from the disk if it was finished before, else by training.
  UpdateFile::Prepared prepared_update(const RoundPlan& plan, const ModelState& global) {
    if (auto finished = file_.load(plan)) return *std::move(finished);
    tell_(plan.is_last_look() ? "validating the final model" : round_words(plan) + " of " + std::to_string(plan.rounds) + ": training");
    if (options_.progress == nullptr) progress_.enter(plan.is_last_look() ? SiteState::kValidating : SiteState::kTraining);  // else the trainer says so itself
    Update update = take_part(trainer_, options_.name, plan, global);
    update.nonce = unpredictable_bytes(kNonceBytes);
    const std::optional<std::string> compressed = update.delta.tensors.empty() ? std::nullopt : encoder_.encode(plan, update.delta, global);
    UpdateFile::Prepared prepared = file_.save(std::move(update), plan, compressed);
    last_contact_ = Clock::now();  // training is no silence
    return prepared;
  }

  void answer_stage(Line& line, Announced& a) {
    a.stage->file = downloads_.fetch_stage_file(*line.stub, a);
    if (!protocol_) protocol_ = make_site_protocol(a.plan.protection, {identity_of(options_.name, pems_), check_by_authority(options_.tls.authority), a.federation, options_.folder / "protocol"});
    progress_.enter(SiteState::kUploading);
    const auto answer = protocol_->answer(*a.stage, a.plan, open_->layout, open_->update);
    const Receipt receipt = answer ? send(*line.stub, *answer) : Receipt{};
    progress_.enter(SiteState::kWaiting);
    open_->attempt = a.stage->attempt;
    open_->step = a.stage->step;
    if (answer && !answer->declined.empty()) tell_(round_words(a.plan) + ": this attempt to sum goes on without this site: " + answer->declined);
    if (receipt.kind == ReceiptKind::kRejected) tell_(round_words(a.plan) + ": the coordinator rejected an answer: " + receipt.reason);
  }

  ModelState finish(Line& line, const Announced& a) {
    progress_.begin_round(a.plan.round);
    progress_.enter(SiteState::kFetching);
    ModelState best = downloads_.fetch(*line.stub, a);
    if (options_.finish) best = options_.finish(a.plan.task, std::move(best), a.best_round);
    write_safetensors(options_.folder / "model.safetensors", best, options_.model_metadata ? options_.model_metadata(a.plan.task, a.best_round) : std::map<std::string, std::string>{});
    require_answered(line.ledger.fetch(options_.folder / "ledger.jsonl"), "fetching the ledger");
    write_file(options_.folder / "finished", a.federation + "\n");
    confirm(*line.stub, a);
    downloads_.remove_others();
    tell_("finished: the federation's best model is here");
    return best;
  }

  /// A run of weeks must not end with a certificate. @throws RenewalDue
  void look_after_certificate() {
    const std::int64_t now = wall_seconds();
    if (options_.renew_days <= 0 || now < next_renewal_) return;
    next_renewal_ = now + kRenewalLookSeconds;
    const auto known = known_certificate(pems_.certificate, options_.tls.certificate.string());
    const auto days_from = [&](std::int64_t begin) { return static_cast<double>(known->summary.not_after - begin) / 86400; };
    if (days_from(now) <= std::min(options_.renew_days, days_from(known->summary.not_before) / 3)) throw RenewalDue{days_from(now)};  // one of a week is not renewed every hour
  }

  void renew_in_time(const RenewalDue& due, const std::string& address) {
    try {
      rotate_over_tls(options_.tls.certificate.parent_path(), options_.name, address);
      tell_("the certificate would have ended in " + std::to_string(static_cast<int>(due.days)) + " days, and has been renewed");
    } catch (const Error& error) {
      tell_("warning: this site's certificate ends in " + std::to_string(static_cast<int>(due.days)) + " days, and could not be renewed: " + error.what());
    }
    pems_ = read_tls_files(options_.tls, Role::kSite, options_.name);
    protocol_.reset();  // signs with it
    answered_ = -1;
  }

  void renew(const Refused& refused) {
    const TlsPems now = read_tls_files(options_.tls, Role::kSite, options_.name);
    require(now != pems_, ErrorCode::kRefused, "the coordinator refuses: " + refused.reason);
    tell_("the certificate has been renewed; connecting with the new one");
    pems_ = now;
    protocol_.reset();  // signs with it
    answered_ = -1;
  }

  void wait_after(Broken broken, const std::string& address) {
    const double silent = std::chrono::duration<double>(Clock::now() - last_contact_).count();
    pems_ = read_tls_files(options_.tls, Role::kSite, options_.name);
    const auto cause = has_heard_ ? std::nullopt : failures_.note(address, options_, pems_, had_contact_, silent >= options_.give_up_seconds);
    if (cause) broken.reason = *cause;
    require(silent < options_.give_up_seconds, ErrorCode::kUnreachable, "no contact with the coordinator at " + options_.coordinator + " for " + std::to_string(static_cast<int>(silent)) + " s (" + broken.reason + ")");
    if (broken.reason != told_) tell_("no contact with the coordinator at " + options_.coordinator + " (" + broken.reason + "); trying again");
    told_ = broken.reason;
    if (open_) open_->attempt.clear();  // what was answered may have got lost: it is answered again, with the same words
    answered_ = -1;  // a coordinator that restarted has forgotten what it got in the open round
    wait_for(pause_.seconds(), stop_);
    pause_.grow();
  }

  const SiteOptions& options_;
  Trainer& trainer_;
  const std::function<void(const std::string&)>& tell_;
  const std::atomic<bool>* stop_;
  TlsPems pems_;
  const UpdateFile file_;
  const RoundEncoder encoder_;
  Downloads downloads_;
  Witness witness_;
  SiteProgress phases_;
  SiteProgress& progress_;
  const std::string instance_ = unpredictable_bytes(16);
  HandshakeFailures failures_;
  GrowingPause pause_;
  Clock::time_point last_contact_ = Clock::now();
  std::int64_t next_renewal_ = 0;  ///< seconds since 1970: not before is it asked how long the certificate holds
  bool had_contact_ = false, has_heard_ = false, told_clock_ = false;  ///< ever; on this connection; the difference of the clocks
  std::string told_;            ///< why the last connection broke
  std::int64_t answered_ = -1;  ///< round
  std::unique_ptr<SiteProtocol> protocol_;  ///< its secrets outlive a connection, and not the process
  std::optional<ProtectedRound> open_;
};

}  // namespace

ModelState run_site(const SiteOptions& options, Trainer& trainer, const std::function<void(const std::string&)>& on_event, const std::atomic<bool>* stop) {
  const std::function<void(const std::string&)> tell = [&](const std::string& event) {
    if (on_event) on_event(event);
  };
  if (fs::exists(options.folder / "finished")) {  // the coordinator may be gone
    tell("this site's federation is finished; its model is " + (options.folder / "model.safetensors").string());
    return read_safetensors(options.folder / "model.safetensors").state;
  }
  require_clock(options.tls, options.enrolments);
  return SiteRun(options, trainer, tell, stop).run();
}

}  // namespace consilium::fl
