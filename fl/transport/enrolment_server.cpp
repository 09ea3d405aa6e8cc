#include "fl/transport/enrolment_server.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/resource_quota.h>

#include <chrono>

#include "base/error.h"
#include "base/progress.h"
#include "consilium/fl/v1/enrolment.grpc.pb.h"
#include "fl/enrol/enrolment.h"
#include "fl/enrol/rate_limit.h"
#include "fl/federation_settings.h"
#include "fl/transport/channel.h"
#include "fl/transport/listen.h"
#include "fl/transport/status.h"
#include "fl/wall_clock.h"

namespace consilium::fl {
namespace {

namespace pb = consilium::fl::v1;
constexpr int kMostMessageBytes = 64 << 10;

}  // namespace

class EnrolmentServer::Service final : public pb::Enrolment::Service {
 public:
  Service(const EnrolmentOptions& options, Door& door) : keys_(options.keys), door_(door), limit_(options.limit) {}

  grpc::Status Enrol(grpc::ServerContext* context, const pb::EnrolRequest* request, pb::EnrolResponse* response) override {
    return guarded(*context, [&] {
      try {
        require(request->protocol_version() == 1, ErrorCode::kMismatch, "protocol version " + std::to_string(request->protocol_version()) + " is not spoken here, only 1");
        require(!request->name().empty(), ErrorCode::kCorruptData, "the request names nobody");
        response->set_certificate(enrol(keys_, request->request(), request->name(), [this] { return door_.now(); }));
        log_line("\"" + request->name() + "\" has enrolled");
      } catch (const Error& error) {  // a refused attempt is an entry in the list
        // What fails here (a disk, a lock) is no fault of who asks.
        if (error.code() == ErrorCode::kRefused) door_.note_refusal(request->name(), std::string("enrolment: ") + error.what(), false);
        else if (error.code() == ErrorCode::kCorruptData || error.code() == ErrorCode::kMismatch) door_.note_refusal(request->name(), "enrolment: a damaged request", false);
        throw;
      }
    });
  }

  grpc::Status Explain(grpc::ServerContext* context, const pb::ExplainRequest* request, pb::ExplainResponse* response) override {
    return guarded(*context, [&] {
      response->set_unix_seconds(door_.now());
      response->set_reason(door_.explain(request->certificate()));
    });
  }

 private:
  template <typename Body>
  grpc::Status guarded(const grpc::ServerContext& context, Body body) {
    // "ipv4:10.0.0.7:51234" without its port: who calls again is the same caller.
    if (!limit_.allow(host_of(context.peer()), steady_seconds())) return {grpc::StatusCode::RESOURCE_EXHAUSTED, "too many attempts; try again in a minute"};
    try {
      body();
      return grpc::Status::OK;
    } catch (const Error& error) {  // the border: an Error becomes a status
      const grpc::Status status = to_status(error);
      if (error.code() == ErrorCode::kRefused || error.code() == ErrorCode::kCorruptData || error.code() == ErrorCode::kMismatch) return status;
      // The rest is ours, and speaks of our folders.
      log_warning(std::string("enrolment: ") + error.what());
      return {status.error_code(), "the coordinator cannot sign now; its log says why"};
    }
  }

  const std::filesystem::path keys_;
  Door& door_;
  RateLimit limit_;
};

struct EnrolmentServer::Running {
  Running(const EnrolmentOptions& options, Door& door) : service(options, door) {}
  Service service;
  Listening listening;
};

EnrolmentServer::EnrolmentServer(const EnrolmentOptions& options, Door& door) : running_(std::make_unique<Running>(options, door)) {
  grpc::ServerBuilder builder;
  grpc::ResourceQuota quota("enrolment");
  quota.SetMaxThreads(8).Resize(16 << 20);
  builder.SetResourceQuota(quota);
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 2);
  builder.SetMaxReceiveMessageSize(kMostMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 4);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, 30000);  // nobody has business here for longer
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, 5000);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10000);
  builder.RegisterService(&running_->service);
  running_->listening = start_at(builder, options.listen, open_server_credentials(tls_files(options.keys, options.name), options.name));
  address_ = running_->listening.address;
}

EnrolmentServer::~EnrolmentServer() { running_->listening.server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1)); }

}  // namespace consilium::fl
