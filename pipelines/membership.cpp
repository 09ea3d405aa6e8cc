#include "pipelines/membership.h"

#include "base/error.h"
#include "base/files.h"
#include "fl/enrol/member_files.h"
#include "fl/transport/enrolment_client.h"

namespace consilium::pipelines {

Membership membership(const MembershipOptions& options, const std::function<void(const std::string&)>& on_event, const std::atomic<bool>* stop) {
  Membership member{options.name, options.coordinator, {}};
  const auto has_certificate = [&] { return !member.name.empty() && fs::exists(fl::tls_files(options.keys, member.name).certificate); };
  if (!options.invitation.empty() && !has_certificate()) {
    const fl::Invitation invitation = fl::read_invitation(options.invitation);
    require(member.name.empty() || member.name == invitation.name, ErrorCode::kMismatch, options.invitation + ": is for \"" + invitation.name + "\", not for \"" + member.name + "\"");
    member.name = invitation.name;
    if (!has_certificate()) {
      fl::enrol_over_tls(options.keys, invitation, {.give_up_seconds = options.give_up_seconds, .on_event = on_event, .stop = stop});
      if (on_event) on_event("enrolled as \"" + member.name + "\"");
    }
  }
  fl::complete_rotation(options.keys, member.name);
  if (const auto record = fl::read_member_record(options.keys, member.name)) {
    member.enrolments = record->enrolments;
    if (member.coordinator.empty())
      for (const std::string& address : record->coordinators) member.coordinator += (member.coordinator.empty() ? "" : ",") + address;
  }
  require(!member.coordinator.empty(), ErrorCode::kUsage, "coordinator: neither the settings nor " + options.keys + " say where it is reached");
  return member;
}

}  // namespace consilium::pipelines
