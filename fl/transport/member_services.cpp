#include "fl/transport/member_services.h"

#include "base/error.h"
#include "base/progress.h"
#include "consilium/fl/v1/enrolment.grpc.pb.h"
#include "fl/enrol/enrolment.h"
#include "fl/transport/status.h"

namespace consilium::fl {
namespace {

namespace pb = consilium::fl::v1;

class RenewalService final : public pb::Renewal::Service {
 public:
  RenewalService(std::filesystem::path keys, Door& door) : keys_(std::move(keys)), door_(door) {}
  grpc::Status Renew(grpc::ServerContext* context, const pb::RenewRequest* request, pb::RenewResponse* response) override {
    return admitted(door_, *context, Right::kRenew, [&](const Caller& caller) {
      response->set_certificate(renew(keys_, caller.serial, request->request(), [this] { return door_.now(); }));
      log_line("\"" + caller.name + "\" has a new certificate");
    });
  }
  grpc::Status Confirm(grpc::ServerContext* context, const pb::ConfirmRequest*, pb::ConfirmResponse*) override {
    return admitted(door_, *context, Right::kRenew, [&](const Caller& caller) { confirm_renewal(keys_, caller.serial, [this] { return door_.now(); }); });
  }

 private:
  const std::filesystem::path keys_;
  Door& door_;
};

class AdministrationService final : public pb::Administration::Service {
 public:
  AdministrationService(std::filesystem::path keys, Door& door) : keys_(std::move(keys)), door_(door) {}
  grpc::Status ListRefused(grpc::ServerContext* context, const pb::ListRefusedRequest*, pb::ListRefusedResponse* response) override {
    return admitted(door_, *context, Right::kAdminister, [&](const Caller&) { response->set_json(door_.refused().dump()); });
  }
  grpc::Status Revoke(grpc::ServerContext* context, const pb::RevokeRequest* request, pb::RevokeResponse* response) override {
    return admitted(door_, *context, Right::kAdminister, [&](const Caller& caller) {
      require_member_name(request->name());
      RevokeOptions options{.clock = [this] { return door_.now(); }};
      if (!request->reason().empty()) options.reason = parse_revocation_reason(request->reason(), "reason");
      for (const std::string& serial : revoke(keys_, request->name(), options)) response->add_serials(serial);
      log_line("\"" + caller.name + "\" has revoked \"" + request->name() + "\"");
    });
  }

 private:
  const std::filesystem::path keys_;
  Door& door_;
};

}  // namespace

std::vector<std::unique_ptr<grpc::Service>> member_services(const std::filesystem::path& keys, Door& door) {
  std::vector<std::unique_ptr<grpc::Service>> services;
  services.push_back(std::make_unique<RenewalService>(keys, door));
  services.push_back(std::make_unique<AdministrationService>(keys, door));
  return services;
}

}  // namespace consilium::fl
