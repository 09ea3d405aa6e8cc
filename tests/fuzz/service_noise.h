#pragma once

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/rng.h"
#include "consilium/fl/v1/federation.grpc.pb.h"
#include "fl/wire/messages.h"
#include "models/state/safetensors.h"
#include "tests/fuzz/mutate.h"

namespace consilium::fuzz {

/// The open round, as the coordinator told it.
class OpenRound {
 public:
  void set(std::int64_t round, const std::string& base_digest) {
    const std::lock_guard lock(guard_);
    round_ = round;
    base_digest_ = base_digest;
  }
  /// `update` as one of the open round.
  fl::Update of_this_round(fl::Update update) const {
    const std::lock_guard lock(guard_);
    update.round = round_;
    update.base_digest = base_digest_;
    return update;
  }

 private:
  mutable std::mutex guard_;
  std::int64_t round_ = 0;
  std::string base_digest_;
};

/// An update that was offered, and that a coordinator may take.
struct Candidate {
  fl::Update update;  ///< without its weights
  std::string head;   ///< the first bytes of its weights; the rest is that of the sound update. Empty: no weights
};

/// A site that calls its coordinator with sound and damaged messages in any order. Several may run at a time, with one certificate.
class ServiceNoise {
 public:
  /// Damage goes here, where the header and the first values are: what is long would be damaged in its values only.
  static constexpr std::size_t kHeadBytes = 600;

  ServiceNoise(std::shared_ptr<grpc::Channel> channel, const OpenRound& round, const fl::Update& sound, const ModelState& global, std::uint64_t seed)
      : channel_(std::move(channel)), stub_(fl::pb::Federation::NewStub(channel_)), round_(round), sound_(sound), global_(global), rng_(seed), sound_bytes_(encode_safetensors(sound.delta)), bytes_(sound_bytes_) {}

  void sequence() {
    for (std::uint64_t steps = 1 + rng_.below(6); steps > 0; --steps) step();
  }
  /// As a site does it.
  fl::Receipt sound_exchange() {
    bytes_ = sound_bytes_;
    offer(false);
    send(true);
    return commit();
  }
  /// How often each call ended with each status: "OfferUpdate 3" is OfferUpdate with INVALID_ARGUMENT.
  const std::map<std::string, int>& outcomes() const { return outcomes_; }
  const std::vector<Candidate>& candidates() const { return candidates_; }

 private:
  void step() {
    switch (rng_.below(8)) {
      case 0: bytes_ = sound_bytes_; return exchange();
      case 1: bytes_ = damaged(sound_bytes_); return exchange();
      case 2:
      case 3: return send(rng_.chance(0.6));
      case 4: commit(); return;
      case 5: return fetch();
      case 6: return watch();
      default: return raw();
    }
  }

  /// Offer, chunks, commit, as far as it goes.
  void exchange() {
    offer(rng_.chance(0.3));
    if (rng_.chance(0.3)) return;
    send(rng_.chance(0.8));
    if (rng_.chance(0.7)) commit();
  }

  std::string damaged(const std::string& text) {
    const std::size_t head = std::min(text.size(), kHeadBytes);
    const Bytes begin(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(head));
    const Bytes changed = mutate(begin, begin, rng_);
    return std::string(changed.begin(), changed.end()) + text.substr(head);
  }

  void offer(bool damage) {
    fl::pb::UpdateOffer message = fl::to_message(round_.of_this_round(sound_), fl::chunk_list(bytes_));
    if (damage && !message.ParseFromString(damaged(message.SerializeAsString()))) return;
    remember(message);
    grpc::ClientContext context;
    note("OfferUpdate", stub_->OfferUpdate(&context, message, &missing_));
    offered_.clear();
    for (const std::string& hash : message.delta().chunk_sha256()) offered_.push_back(hash);
  }

  void remember(const fl::pb::UpdateOffer& message) {
    try {
      const fl::Offer offer = fl::from_message(message, fl::kMostBytes);
      Candidate candidate{offer.update, ""};
      fl::Update whole = candidate.update;
      if (offer.delta.size_bytes > 0) {  // damage may have left an offer without weights
        candidate.head = bytes_.substr(0, std::min(bytes_.size(), bytes_.size() + kHeadBytes - sound_bytes_.size()));
        whole.delta = parse_safetensors(bytes_, "offered").state;
      }
      fl::require_valid(whole, global_, whole.round, whole.base_digest);
      candidates_.push_back(std::move(candidate));
    } catch (const Error&) {  // the coordinator must not take it either
    }
  }

  void send(bool sound) {
    grpc::ClientContext context;
    fl::pb::SendChunksResponse done;
    const auto writer = stub_->SendChunks(&context, &done);
    std::vector<std::uint64_t> order(missing_.index().begin(), missing_.index().end());
    if (!sound && rng_.chance(0.2)) order.insert(order.end(), order.begin(), order.end());
    for (std::size_t n = order.size(); n > 1; --n) std::swap(order[n - 1], order[rng_.below(n)]);
    if (!sound && !order.empty() && rng_.chance(0.3)) order.resize(rng_.below(order.size() + 1));
    for (const std::uint64_t index : order) {
      fl::pb::Chunk chunk;
      if (index < offered_.size()) chunk.set_sha256(offered_[index]);
      chunk.set_data(std::string(fl::chunk_of(bytes_, std::min<std::size_t>(index, bytes_.size() / fl::kChunkBytes))));
      if (!sound && rng_.chance(0.3)) *chunk.mutable_data() = damaged(chunk.data());
      if (!sound && rng_.chance(0.3)) *chunk.mutable_sha256() = damaged(chunk.sha256());
      if (!writer->Write(chunk)) break;
    }
    if (!sound && rng_.chance(0.1)) context.TryCancel();
    else writer->WritesDone();
    note("SendChunks", writer->Finish());
  }

  fl::Receipt commit() {
    grpc::ClientContext context;
    fl::pb::Receipt receipt;
    const grpc::Status status = stub_->CommitUpdate(&context, {}, &receipt);
    note("CommitUpdate", status);
    if (!status.ok()) return {fl::ReceiptKind::kRejected, status.error_message()};
    ++outcomes_["receipt " + std::to_string(receipt.kind())];
    return fl::from_message(receipt);
  }

  void fetch() {
    grpc::ClientContext context;
    fl::pb::FetchModelRequest request;
    request.set_digest(rng_.chance(0.7) ? round_.of_this_round(sound_).base_digest : std::string(rng_.below(100), 'f'));  // a text that is not UTF-8 is refused by gRPC itself
    const std::uint64_t firsts[] = {0, 1, rng_.below(8), rng_.next(), ~std::uint64_t{0}};
    request.set_first_chunk(firsts[rng_.below(5)]);
    const auto reader = stub_->FetchModel(&context, request);
    fl::pb::Chunk chunk;
    while (reader->Read(&chunk))
      if (rng_.chance(0.1)) context.TryCancel();
    note("FetchModel", reader->Finish());
  }

  void watch() {
    grpc::ClientContext context;
    fl::pb::WatchRequest request;
    request.set_protocol_version(rng_.chance(0.7) ? 1 : static_cast<std::uint32_t>(rng_.next()));
    request.set_instance(std::string(rng_.below(40), static_cast<char>(rng_.below(256))));
    const auto reader = stub_->Watch(&context, request);
    fl::pb::Announcement announcement;
    if (reader->Read(&announcement)) context.TryCancel();
    note("Watch", reader->Finish());
  }

  /// Bytes that need not be a message at all.
  void raw() {
    static const std::string kCalls[] = {"OfferUpdate", "CommitUpdate", "Watch", "FetchModel", "SendChunks", "NoSuchCall"};
    const std::string bytes = damaged(fl::to_message(round_.of_this_round(sound_), {}).SerializeAsString());
    const std::string& call_name = kCalls[rng_.below(6)];
    if (fl::pb::UpdateOffer offer; call_name == "OfferUpdate" && offer.ParseFromString(bytes)) remember(offer);
    const grpc::Slice slice(bytes);
    const grpc::ByteBuffer request(&slice, 1);
    grpc::GenericStub generic(channel_);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(500));  // Watch would stay open
    grpc::CompletionQueue queue;
    grpc::ByteBuffer response;
    grpc::Status status;
    const auto call = generic.PrepareUnaryCall(&context, "/consilium.fl.v1.Federation/" + call_name, request, &queue);
    call->StartCall();
    call->Finish(&response, &status, this);
    void* tag = nullptr;
    bool fine = false;
    queue.Next(&tag, &fine);
    ++outcomes_["raw"];  // gRPC's own checks answer here
    if (status.error_code() == grpc::StatusCode::UNAVAILABLE) ++outcomes_["raw UNAVAILABLE: " + status.error_message()];
  }

  void note(const std::string& call, const grpc::Status& status) {
    ++outcomes_[call + " " + std::to_string(status.error_code())];
    if (status.error_code() == grpc::StatusCode::INTERNAL) ++outcomes_["INTERNAL: " + status.error_message()];
  }

  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<fl::pb::Federation::Stub> stub_;
  const OpenRound& round_;
  const fl::Update& sound_;
  const ModelState& global_;  ///< for names and shapes
  Rng rng_;
  std::string sound_bytes_, bytes_;
  fl::pb::MissingChunks missing_;
  std::vector<std::string> offered_;
  std::vector<Candidate> candidates_;
  std::map<std::string, int> outcomes_;
};

}  // namespace consilium::fuzz
