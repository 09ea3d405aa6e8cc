#include "fl/transport/client.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "base/stop.h"
#include "consilium/fl/v1/federation.grpc.pb.h"
#include "fl/compress/round_encoder.h"
#include "fl/federation_settings.h"
#include "fl/ledger/commitment.h"
#include "fl/round_protocols.h"
#include "fl/run_in_process.h"
#include "fl/transport/channel.h"
#include "fl/transport/growing_pause.h"
#include "fl/transport/ledger_client.h"
#include "fl/transport/progress_reporter.h"
#include "fl/transport/refusal_cause.h"
#include "fl/unpredictable.h"
#include "fl/wire/chunk_file.h"
#include "fl/wire/messages.h"
#include "models/state/safetensors.h"
#include "models/state/safetensors_file.h"

namespace consilium::fl {
namespace {

using Clock = std::chrono::steady_clock;
using Stub = pb::Federation::Stub;

/// A call that failed for a reason that may pass: the caller tries again.
struct Broken {
  std::string reason;
};

/// The coordinator does not accept this certificate. Another one may lie in its place by now.
struct Refused {
  std::string reason;
};

[[noreturn]] void fail(const grpc::Status& status, const std::string& what) {
  if (status.error_code() == grpc::StatusCode::PERMISSION_DENIED) throw Refused{status.error_message()};
  if (status.error_code() == grpc::StatusCode::INVALID_ARGUMENT) throw Error(ErrorCode::kCorruptData, "the coordinator refuses: " + status.error_message());
  throw Broken{what + ": " + status.error_message()};
}

/// Reads the coordinator's announcements in a thread of its own; only the newest counts.
class Watcher {
 public:
  Watcher(Stub& stub, const std::string& instance) {
    pb::WatchRequest request;
    request.set_protocol_version(1);
    request.set_instance(instance);
    for (const Codec codec : codecs()) request.add_codecs(std::string(to_string(codec)));
    for (const std::string& protection : spoken_protections()) request.add_protections(protection);
    reader_ = stub.Watch(&context_, request);
    thread_ = std::thread([this] {
      pb::Announcement message;
      while (reader_->Read(&message)) {
        const std::lock_guard lock(guard_);
        if (version_ == 0) note_clock();
        newest_ = std::move(message);
        ++version_;
        changed_.notify_all();
      }
      const grpc::Status status = reader_->Finish();
      const std::lock_guard lock(guard_);
      ended_ = status;
      changed_.notify_all();
    });
  }
  ~Watcher() {
    context_.TryCancel();
    thread_.join();
  }
  Watcher(const Watcher&) = delete;

  /// An announcement newer than `seen`. @throws Broken when the stream has ended; Error{kInterrupted}.
  Announced next(std::uint64_t& seen, const std::atomic<bool>* stop) {
    std::unique_lock lock(guard_);
    while (version_ == seen) {
      throw_if_stopped(stop);
      if (ended_ && ended_->error_code() == grpc::StatusCode::FAILED_PRECONDITION) throw Error(ErrorCode::kMismatch, "the coordinator refuses: " + ended_->error_message());
      if (ended_) fail(*ended_, "connection");
      changed_.wait_for(lock, std::chrono::milliseconds(200));
    }
    seen = version_;
    return from_message(newest_);
  }
  /// How far the coordinator's clock is from this one; empty when they agree, or before the first announcement.
  std::string clock_difference() {
    const std::lock_guard lock(guard_);
    return clock_difference_;
  }

 private:
  void note_clock() {
    const auto& metadata = context_.GetServerInitialMetadata();
    const auto at = metadata.find(kClockKey);
    const std::string seconds = at == metadata.end() ? "" : std::string(at->second.data(), at->second.size());
    if (seconds.empty() || seconds.size() > 12 || seconds.find_first_not_of("0123456789") != std::string::npos) return;
    clock_difference_ = fl::clock_difference(std::stoll(seconds), wall_seconds());
  }

  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<pb::Announcement>> reader_;
  std::mutex guard_;
  std::condition_variable changed_;
  pb::Announcement newest_;
  std::uint64_t version_ = 0;
  std::optional<grpc::Status> ended_;
  std::string clock_difference_;
  std::thread thread_;
};

/// The model of an announcement, through a file that survives a broken connection and a kill: only what is missing is fetched again.
class Downloads {
 public:
  explicit Downloads(fs::path folder) : folder_(std::move(folder)) {}

  ModelState fetch(Stub& stub, const Announced& a) {
    const fs::path file = folder_ / ("download_" + a.plan.base_digest.substr(0, 16) + ".part");
    complete(stub, a.plan.base_digest, a.model, file);
    ModelState model = read_safetensors(file).state;
    require(digest(model) == a.plan.base_digest, ErrorCode::kCorruptData, "the global model does not have the digest that the coordinator announced");
    return model;
  }
  /// The file of a stage; empty: it has none.
  fs::path fetch_stage_file(Stub& stub, const Announced& a) {
    if (a.stage_file.size_bytes == 0) return {};
    const std::string name = digest_of(a.stage_file);
    const fs::path file = folder_ / ("stage_" + name.substr(0, 16) + ".part");
    complete(stub, name, a.stage_file, file);
    return file;
  }
  void remove_others(const fs::path& needed = {}) const {
    const std::string kind = needed.filename().string().starts_with("stage_") ? "stage_" : "download_";
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder_, ignored))
      if (entry.path().filename().string().starts_with(kind) && entry.path() != needed) fs::remove(entry.path(), ignored);
  }

 private:
  void complete(Stub& stub, const std::string& name, const ChunkList& list, const fs::path& file) {
    remove_others(file);
    ChunkFile chunks(file, list);
    const auto missing = chunks.missing();
    if (!missing.empty()) {
      grpc::ClientContext context;
      pb::FetchModelRequest request;
      request.set_digest(name);
      request.set_first_chunk(missing.front());
      const auto reader = stub.FetchModel(&context, request);
      pb::Chunk chunk;
      while (reader->Read(&chunk)) chunks.add(chunk.sha256(), chunk.data());
      const grpc::Status status = reader->Finish();
      if (!status.ok()) fail(status, "fetching a file");
    }
    if (!chunks.is_complete()) throw Broken{"fetching a file: chunks are missing"};
  }

  fs::path folder_;
};

/// Tells the coordinator, which waits for it, that the best model is on this site's disk. If it has gone already, nothing is lost.
void confirm(Stub& stub, const Announced& a) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  pb::FetchModelRequest request;
  request.set_digest(a.plan.base_digest);
  request.set_first_chunk(a.model.hashes.size());
  const auto reader = stub.FetchModel(&context, request);
  pb::Chunk nothing;
  while (reader->Read(&nothing)) continue;
  reader->Finish();
}

/// Tells the coordinator why this site takes no part, if it can be told, and ends.
[[noreturn]] void decline(Stub& stub, std::int64_t round, const std::string& reason) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  pb::DeclineRequest request;
  request.set_round(round);
  request.set_reason(reason);
  pb::DeclineResponse response;
  stub.Decline(&context, request, &response);
  throw Error(ErrorCode::kRefused, "this site's policy refuses the plan: " + reason);
}

void send_chunks(Stub& stub, const pb::MissingChunks& missing, const FileChunks& file) {
  if (missing.index_size() == 0) return;
  grpc::ClientContext context;
  pb::SendChunksResponse done;
  const auto writer = stub.SendChunks(&context, &done);
  for (const std::uint64_t index : missing.index()) {
    require(index < file.list.hashes.size(), ErrorCode::kCorruptData, "the coordinator asks for a chunk that there is not");
    pb::Chunk chunk;
    chunk.set_sha256(file.list.hashes[index]);
    chunk.set_data(file.chunk(index));
    if (!writer->Write(chunk)) break;
  }
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  if (!status.ok()) fail(status, "sending the update");
}

/// An answer to a stage, and its file if it has one.
Receipt send(Stub& stub, const StageAnswer& answer) {
  pb::StageAnswer message;
  if (answer.file.empty()) {
    message = to_message(answer, {});
  } else {
    const FileChunks file = chunks_of_file(answer.file);
    message = to_message(answer, file.list);
    pb::MissingChunks missing;
    grpc::ClientContext context;
    const grpc::Status status = stub.OfferStageFile(&context, message, &missing);
    if (!status.ok()) fail(status, "offering the file of a stage");
    send_chunks(stub, missing, file);
  }
  grpc::ClientContext context;
  pb::Receipt receipt;
  const grpc::Status status = stub.AnswerStage(&context, message, &receipt);
  if (!status.ok()) fail(status, "answering a stage");
  return from_message(receipt);
}

Receipt send(Stub& stub, const Update& update, const FileChunks& delta, Codec codec) {
  pb::MissingChunks missing;
  {
    grpc::ClientContext context;
    const grpc::Status status = stub.OfferUpdate(&context, to_message(update, delta.list, codec), &missing);
    if (!status.ok()) fail(status, "offering the update");
  }
  send_chunks(stub, missing, delta);
  grpc::ClientContext context;
  pb::Receipt receipt;
  const grpc::Status status = stub.CommitUpdate(&context, {}, &receipt);
  if (!status.ok()) fail(status, "committing the update");
  return from_message(receipt);
}

/// The last finished update, so that a killed site sends it and does not compute it again.
class UpdateFile {
 public:
  explicit UpdateFile(const fs::path& folder) : offer_(folder / "update.offer"), plain_(folder / "update.safetensors"), compressed_(folder / "update.delta") {}

  /// An update without its weights, and the file of those, hashed once.
  struct Prepared {
    Update update;
    Codec codec = Codec::kNone;
    FileChunks delta;
  };

  std::optional<Prepared> load(const RoundPlan& plan) const {
    if (!fs::exists(offer_)) return std::nullopt;
    pb::UpdateOffer message;
    if (!message.ParseFromString(read_file(offer_, 64 << 20))) return std::nullopt;
    Offer offer = from_message(message, kMostBytes);
    if (offer.update.round != plan.round || offer.update.base_digest != plan.base_digest || !fs::exists(file_of(offer.codec))) return std::nullopt;
    FileChunks delta = chunks_of_file(file_of(offer.codec));
    if (!(delta.list == offer.delta)) return std::nullopt;  // a kill between the two files
    return Prepared{std::move(offer.update), offer.codec, std::move(delta)};
  }
  const fs::path& weights() const { return plain_; }
  /// `compressed`: the weights as the plan's codec wrote them, if it did.
  Prepared save(Update update, const RoundPlan& plan, const std::optional<std::string>& compressed) const {
    // Hashed when they are read, and made again by training if the machine died: no round waits for the disk.
    const Codec codec = compressed ? plan.compression.codec : Codec::kNone;
    if (compressed) write_file(compressed_, *compressed, Durability::kKill);
    else if (update.delta.tensors.empty()) write_file(plain_, "", Durability::kKill);
    else write_safetensors(plain_, update.delta, {}, Durability::kKill);
    update.delta = {};
    Prepared prepared{std::move(update), codec, chunks_of_file(file_of(codec))};
    write_file(offer_, to_message(prepared.update, prepared.delta.list, codec).SerializeAsString(), Durability::kKill);
    return prepared;
  }

 private:
  const fs::path& file_of(Codec codec) const { return codec == Codec::kNone ? plain_ : compressed_; }
  fs::path offer_, plain_, compressed_;
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

/// Decides when a connection that does not come about is a refusal. What the coordinator says itself is final; what only looks like one
/// (a middlebox, a wrong address for a while) must look so three times, before there was any contact.
class HandshakeFailures {
 public:
  /// What is to be told, or nothing. @throws Error{kRefused}
  std::optional<std::string> note(const std::string& address, const SiteOptions& options, const TlsPems& pems, bool had_contact, bool is_last) {
    const auto cause = refusal_cause(address, options.enrolments, pems);
    count_ = cause ? count_ + 1 : 0;
    if (!cause) return std::nullopt;
    const bool is_final = cause->is_certain || is_last || (!had_contact && count_ >= kEnough);
    require(!is_final, ErrorCode::kRefused, (cause->is_certain ? "the coordinator refuses: " : "no connection with the coordinator at " + address + ": ") + cause->words);
    return cause->words;
  }
  void forget() { count_ = 0; }

 private:
  static constexpr int kEnough = 3;
  int count_ = 0;
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
  TlsPems pems = read_tls_files(options.tls, Role::kSite, options.name);
  HandshakeFailures failures;
  bool had_contact = false, told_clock = false;
  const UpdateFile file(options.folder);
  const RoundEncoder encoder(options.name, compression_folder(options.folder));
  Downloads downloads(options.folder);
  Witness witness({.folder = options.folder / "ledger", .site = options.name, .authority = pems.authority});
  const std::vector<std::string> addresses = split_addresses(options.coordinator);
  const std::string instance = unpredictable_bytes(16);
  SiteProgress phases;
  SiteProgress& progress = options.progress != nullptr ? *options.progress : phases;
  std::size_t tries = 0;
  auto last_contact = Clock::now();
  GrowingPause pause;
  std::int64_t answered = -1;
  std::string told;
  std::unique_ptr<SiteProtocol> protocol;  // its secrets outlive a connection, and not the process
  std::optional<ProtectedRound> open;
  progress.hide_figures(true);  // until the plan says that nothing is hidden
  for (;;) {
    const std::string& address = addresses[tries % addresses.size()];
    bool has_heard = false;
    try {
      grpc::ChannelArguments arguments = standing_channel_arguments();
      arguments.SetMaxReceiveMessageSize(64 << 20);
      const auto channel = grpc::CreateCustomChannel(address, channel_credentials(pems), arguments);
      const auto stub = pb::Federation::NewStub(channel);
      LedgerClient ledger(channel, witness, tell);
      Watcher watcher(*stub, instance);
      const ProgressReporter reporter(channel, progress, options.report_seconds);
      std::uint64_t seen = 0;
      for (;;) {
        Announced a = watcher.next(seen, stop);
        last_contact = Clock::now();
        had_contact = has_heard = true;
        failures.forget();
        if (const std::string difference = watcher.clock_difference(); !difference.empty() && !told_clock) {
          tell("warning: at the coordinator, " + difference + "; certificates may seem over or not valid yet");
          told_clock = true;
        }
        pause.reset();
        told.clear();
        require_same_federation(options.folder, a.federation);
        if (!a.finished && options.refuses)
          if (const std::string reason = options.refuses(a.plan, a.model.size_bytes); !reason.empty()) decline(*stub, a.plan.round, reason);
        if (const grpc::Status status = ledger.attend(a, pems); !status.ok()) fail(status, "the ledger");
        const bool is_protected = !a.finished && !a.plan.protection.is_plain();
        if (!a.finished) progress.hide_figures(is_protected);
        const bool is_answered = is_protected ? !a.stage || (open && open->is_of(a.plan) && open->has_answered(*a.stage)) : a.plan.round <= answered;
        if (!a.finished && (a.idle || is_answered)) {
          progress.enter(SiteState::kWaiting);
          continue;
        }
        const auto answer_stage = [&] {
          a.stage->file = downloads.fetch_stage_file(*stub, a);
          if (!protocol) protocol = make_site_protocol(a.plan.protection, {identity_of(options.name, pems), check_by_authority(options.tls.authority), a.federation, options.folder / "protocol"});
          progress.enter(SiteState::kUploading);
          const auto answer = protocol->answer(*a.stage, a.plan, open->layout, open->update);
          const Receipt receipt = answer ? send(*stub, *answer) : Receipt{};
          progress.enter(SiteState::kWaiting);
          open->attempt = a.stage->attempt;
          open->step = a.stage->step;
          if (answer && !answer->declined.empty()) tell("round " + std::to_string(a.plan.round + 1) + ": this attempt to sum goes on without this site: " + answer->declined);
          if (receipt.kind == ReceiptKind::kRejected) tell("round " + std::to_string(a.plan.round + 1) + ": the coordinator rejected an answer: " + receipt.reason);
        };
        if (is_protected && open && open->is_of(a.plan)) {
          answer_stage();
          continue;
        }
        progress.begin_round(a.plan.round);
        progress.enter(SiteState::kFetching);
        ModelState global = downloads.fetch(*stub, a);
        if (a.finished) {
          if (options.finish) global = options.finish(a.plan.task, std::move(global), a.best_round);
          write_safetensors(options.folder / "model.safetensors", global, options.model_metadata ? options.model_metadata(a.plan.task, a.best_round) : std::map<std::string, std::string>{});
          if (const grpc::Status status = ledger.fetch(options.folder / "ledger.jsonl"); !status.ok()) fail(status, "fetching the ledger");
          write_file(options.folder / "finished", a.federation + "\n");
          confirm(*stub, a);
          downloads.remove_others();
          tell("finished: the federation's best model is here");
          return global;
        }
        std::optional<UpdateFile::Prepared> prepared = file.load(a.plan);
        if (!prepared) {
          tell(a.plan.is_last_look() ? "validating the final model" : "round " + std::to_string(a.plan.round + 1) + " of " + std::to_string(a.plan.rounds) + ": training");
          if (options.progress == nullptr) progress.enter(a.plan.is_last_look() ? SiteState::kValidating : SiteState::kTraining);  // else the trainer says so itself
          Update update = take_part(trainer, options.name, a.plan, global);
          update.nonce = unpredictable_bytes(kNonceBytes);
          const std::optional<std::string> compressed = update.delta.tensors.empty() ? std::nullopt : encoder.encode(a.plan, update.delta, global);
          prepared.emplace(file.save(std::move(update), a.plan, compressed));
          last_contact = Clock::now();  // training is no silence
        }
        if (is_protected) {
          open = protected_round(a.plan, std::move(global), *std::move(prepared), file.weights());
          answer_stage();
          continue;
        }
        remember(witness, prepared->update, prepared->delta.list, prepared->codec);
        progress.enter(SiteState::kUploading);
        const Receipt receipt = send(*stub, prepared->update, prepared->delta, prepared->codec);
        progress.enter(SiteState::kWaiting);
        answered = a.plan.round;
        if (receipt.kind == ReceiptKind::kDuplicate) witness.note_duplicate(a.plan.round);
        if (receipt.kind == ReceiptKind::kRejected) tell("round " + std::to_string(a.plan.round + 1) + ": the coordinator rejected the update: " + receipt.reason);
        if (receipt.kind == ReceiptKind::kStale) tell("round " + std::to_string(a.plan.round + 1) + " was closed without this site");
      }
    } catch (const Refused& refused) {
      const TlsPems now = read_tls_files(options.tls, Role::kSite, options.name);
      require(now != pems, ErrorCode::kRefused, "the coordinator refuses: " + refused.reason);
      tell("the certificate has been renewed; connecting with the new one");
      pems = now;
      protocol.reset();  // signs with it
      answered = -1;
    } catch (Broken& broken) {  // the adapter's own: gRPC gives no exceptions
      const double silent = std::chrono::duration<double>(Clock::now() - last_contact).count();
      pems = read_tls_files(options.tls, Role::kSite, options.name);
      const auto cause = has_heard ? std::nullopt : failures.note(address, options, pems, had_contact, silent >= options.give_up_seconds);
      if (cause) broken.reason = *cause;
      require(silent < options.give_up_seconds, ErrorCode::kUnreachable, "no contact with the coordinator at " + options.coordinator + " for " + std::to_string(static_cast<int>(silent)) + " s (" + broken.reason + ")");
      if (broken.reason != told) tell("no contact with the coordinator at " + options.coordinator + " (" + broken.reason + "); trying again");
      told = broken.reason;
      if (open) open->attempt.clear();  // what was answered may have got lost: it is answered again, with the same words
      answered = -1;  // a coordinator that restarted has forgotten what it got in the open round
      const auto end = Clock::now() + std::chrono::duration<double>(pause.seconds());
      while (Clock::now() < end) {
        throw_if_stopped(stop);
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
      }
      pause.grow();
      ++tries;  // the next of several addresses
    }
  }
}

}  // namespace consilium::fl
