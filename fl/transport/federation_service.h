#pragma once

// Only for .cpp files of fl/transport: it pulls in gRPC.
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "base/error.h"
#include "consilium/fl/v1/federation.grpc.pb.h"
#include "fl/coordinator.h"
#include "fl/enrol/door.h"
#include "fl/observer.h"
#include "fl/run_store.h"
#include "fl/transport/offers.h"
#include "fl/transport/presence.h"
#include "fl/transport/uploads.h"

namespace consilium::fl {

/// The state machine, the store and the open uploads, behind one lock.
class FederationService final : public pb::Federation::Service {
 public:
  FederationService(Coordinator coordinator, RunStore store, Door& door, Observer& observer, const fs::path& folder, std::function<void(const RoundReport&)> on_round);

  grpc::Status Watch(grpc::ServerContext* context, const pb::WatchRequest* request, grpc::ServerWriter<pb::Announcement>* writer) override;
  grpc::Status FetchModel(grpc::ServerContext* context, const pb::FetchModelRequest* request, grpc::ServerWriter<pb::Chunk>* writer) override;
  grpc::Status OfferUpdate(grpc::ServerContext* context, const pb::UpdateOffer* request, pb::MissingChunks* response) override;
  grpc::Status OfferStageFile(grpc::ServerContext* context, const pb::StageAnswer* request, pb::MissingChunks* response) override;
  grpc::Status AnswerStage(grpc::ServerContext* context, const pb::StageAnswer* request, pb::Receipt* response) override;
  grpc::Status SendChunks(grpc::ServerContext* context, grpc::ServerReader<pb::Chunk>* reader, pb::SendChunksResponse*) override;
  grpc::Status CommitUpdate(grpc::ServerContext* context, const pb::CommitUpdateRequest*, pb::Receipt* response) override;
  grpc::Status Decline(grpc::ServerContext* context, const pb::DeclineRequest* request, pb::DeclineResponse*) override;

  /// Lets deadlines pass. True when the federation is over.
  bool advance();
  /// Waits until every site of the federation has the best model, or none of those that have not was connected for `seconds`, or `stop`. A slow link may take an hour for it,
  /// and how much of what we wrote has arrived is not ours to see: a connection that lives (keepalive) is what counts.
  void linger(double seconds, const std::atomic<bool>* stop);
  void close();
  RunState take_state() { return std::move(coordinator_).take_state(); }

  /// A run that waits for a quorum which does not come reaches an end too. @throws Error{kUnreachable}
  void require_hope();
  /// A failure of our own disk ends the run; it must not drown in a site's connection.
  void rethrow_failure();

 private:
  /// Listed, and seen: a site that is turned away is no secret of the coordinator's log.
  [[noreturn]] void refuse(const std::string& site, ErrorCode code, const std::string& why);
  void require_speaks(const std::string& site, const pb::WatchRequest& request);
  struct Leaving;
  struct Stream;
  std::uint64_t arrive(const std::string& site, const std::string& instance);
  std::shared_ptr<Upload> find_upload(const std::string& site);
  void name_missing(const std::string& site, std::int64_t round, const Upload& upload, pb::MissingChunks& response);
  Receipt judge_answer(const std::string& site, const pb::StageAnswer& message);
  /// Whose file is judged: that of another attempt, before a restart perhaps, is stale whatever it holds.
  bool is_of_present_stage(const std::string& site, const StageAnswer& answer) const;
  bool is_waited_for(const std::string& site) const;
  /// Of the update that the site has offered and sent.
  Receipt judge(const std::string& site);
  void tell_declined(const std::string& site, const Receipt& receipt);
  /// Of a site whose update is not seen.
  void tell_judged(const std::string& site, std::int64_t round, const Receipt& receipt);
  void advance_locked();
  void announce();

  std::mutex guard_;
  std::condition_variable changed_;
  Coordinator coordinator_;
  RunStore store_;
  Door& door_;
  Observer& observer_;
  std::function<void(const RoundReport&)> on_round_;
  Uploads uploads_;
  Presence presence_;
  Offers offers_;
  std::set<std::string> served_;
  bool closing_ = false;
  std::optional<Error> failure_;
};

}  // namespace consilium::fl
