#include "fl/transport/enrolment_client.h"

#include <chrono>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "base/wait.h"
#include "consilium/fl/v1/enrolment.grpc.pb.h"
#include "fl/enrol/member_files.h"
#include "fl/transport/channel.h"
#include "fl/transport/growing_pause.h"

namespace consilium::fl {
namespace {

namespace pb = consilium::fl::v1;
using Clock = std::chrono::steady_clock;
constexpr std::size_t kMostAnswerBytes = 1 << 20;

std::shared_ptr<grpc::Channel> channel_to(const std::string& address, const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // no connection with another certificate is shared
  arguments.SetMaxReceiveMessageSize(kMostAnswerBytes);
  return grpc::CreateCustomChannel(address, credentials, arguments);
}

void set_deadline(grpc::ClientContext& context, int seconds = 15) { context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(seconds)); }

void require_ok(const grpc::Status& status, const std::string& address) {
  if (status.ok()) return;
  switch (status.error_code()) {
    case grpc::StatusCode::PERMISSION_DENIED: throw Error(ErrorCode::kRefused, "the coordinator refuses: " + status.error_message());
    case grpc::StatusCode::INVALID_ARGUMENT: throw Error(ErrorCode::kCorruptData, "the coordinator refuses: " + status.error_message());
    case grpc::StatusCode::FAILED_PRECONDITION: throw Error(ErrorCode::kMismatch, "the coordinator refuses: " + status.error_message());
    case grpc::StatusCode::NOT_FOUND: throw Error(ErrorCode::kNotFound, "the coordinator says: " + status.error_message());
    default: throw Error(ErrorCode::kUnreachable, address + ": " + status.error_message());
  }
}

/// Does time heal it?
bool may_pass(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE || status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED || status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
}

std::string enrol_once(const std::string& address, const Invitation& invitation, const std::string& request_pem, grpc::Status& status) {
  const auto stub = pb::Enrolment::NewStub(channel_to(address, open_channel_credentials(invitation.authority_pem)));
  grpc::ClientContext context;
  set_deadline(context);
  pb::EnrolRequest request;
  request.set_protocol_version(1);
  request.set_name(invitation.name);
  request.set_request(request_pem);
  pb::EnrolResponse response;
  status = stub->Enrol(&context, request, &response);
  return response.certificate();
}

struct MemberChannel {
  MemberChannel(const TlsFiles& files, const std::string& name, Role role, const std::string& address) : channel(channel_to(address, channel_credentials(read_tls_files(files, role, name)))) { set_deadline(context); }
  std::shared_ptr<grpc::Channel> channel;
  grpc::ClientContext context;
};

Role role_in(const TlsFiles& files) { return parse_role(parse_certificate(read_file(files.certificate, 1 << 20), files.certificate.string()).role, files.certificate.string()); }

}  // namespace

void enrol_over_tls(const fs::path& folder, const Invitation& invitation, const EnrolOptions& options) {
  require(!invitation.enrolments.empty(), ErrorCode::kUnsupported, "the invitation of \"" + invitation.name + "\" names no enrolment service; write a request with --csr-out and have it signed with consilium keys sign");
  const std::string request = begin_enrolment(folder, invitation);
  const auto end = Clock::now() + std::chrono::duration<double>(options.give_up_seconds);
  GrowingPause pause(5);
  for (std::string told;;) {
    std::string reasons;
    for (const std::string& address : invitation.enrolments) {
      throw_if_stopped(options.stop);
      grpc::Status status;
      const std::string certificate = enrol_once(address, invitation, request, status);
      if (status.ok()) {
        finish_enrolment(folder, invitation, certificate);
        return;
      }
      if (!may_pass(status)) require_ok(status, address);
      reasons += (reasons.empty() ? "" : "; ") + address + ": " + status.error_message();
    }
    require(Clock::now() < end, ErrorCode::kUnreachable, "no enrolment service answered (" + reasons + ")");
    if (reasons != told && options.on_event) options.on_event("no enrolment service answers yet (" + reasons + "); trying again");
    told = reasons;
    wait_for(pause.seconds(), options.stop);
    pause.grow();
  }
}

std::string rotate_over_tls(const fs::path& folder, const std::string& name, const std::string& coordinator) {
  const TlsFiles files = tls_files(folder, name);
  // What an earlier call did not come to: the certificate that is there replaces another, or nothing; then this does nothing.
  const auto confirm = [&] {
    MemberChannel member(files, name, role_in(files), coordinator);
    pb::ConfirmResponse done;
    require_ok(pb::Renewal::NewStub(member.channel)->Confirm(&member.context, {}, &done), coordinator);
  };
  complete_rotation(folder, name);
  confirm();
  const std::string request_pem = begin_rotation(folder, name);
  {
    MemberChannel member(files, name, role_in(files), coordinator);
    pb::RenewRequest request;
    request.set_request(request_pem);
    pb::RenewResponse response;
    require_ok(pb::Renewal::NewStub(member.channel)->Renew(&member.context, request, &response), coordinator);
    finish_rotation(folder, name, response.certificate());
  }
  confirm();
  return parse_certificate(read_file(files.certificate, 1 << 20), files.certificate.string()).serial;
}

std::optional<Explanation> ask_why(const std::vector<std::string>& enrolments, const std::string& authority_pem, const std::string& certificate_pem) {
  for (const std::string& address : enrolments) {
    const auto stub = pb::Enrolment::NewStub(channel_to(address, open_channel_credentials(authority_pem)));
    grpc::ClientContext context;
    set_deadline(context, 5);
    pb::ExplainRequest request;
    request.set_certificate(certificate_pem);
    pb::ExplainResponse response;
    if (stub->Explain(&context, request, &response).ok()) return Explanation{response.reason().substr(0, 1000), response.unix_seconds()};
  }
  return std::nullopt;
}

Json list_refused(const TlsFiles& files, const std::string& name, const std::string& coordinator) {
  MemberChannel member(files, name, Role::kAdmin, coordinator);
  pb::ListRefusedResponse response;
  require_ok(pb::Administration::NewStub(member.channel)->ListRefused(&member.context, {}, &response), coordinator);
  return parse_json(response.json(), "the coordinator's list", ErrorCode::kCorruptData);
}

std::vector<std::string> revoke_over_tls(const TlsFiles& files, const std::string& name, const std::string& coordinator, const std::string& whom, const std::string& reason) {
  MemberChannel member(files, name, Role::kAdmin, coordinator);
  pb::RevokeRequest request;
  request.set_name(whom);
  request.set_reason(reason);
  pb::RevokeResponse response;
  require_ok(pb::Administration::NewStub(member.channel)->Revoke(&member.context, request, &response), coordinator);
  return {response.serials().begin(), response.serials().end()};
}

}  // namespace consilium::fl
