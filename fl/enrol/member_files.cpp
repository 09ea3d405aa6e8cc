#include "fl/enrol/member_files.h"

#include "base/error.h"
#include "base/files.h"
#include "fl/enrol/request.h"
#include "fl/tls_check.h"
#include "fl/x509.h"

namespace consilium::fl {
namespace {

TlsFiles next_files(const fs::path& folder, const std::string& name) { return {folder / "ca.crt", folder / (name + ".next.crt"), folder / (name + ".next.key")}; }
fs::path record_file(const fs::path& folder, const std::string& name) { return folder / (name + ".json"); }

void require_same_authority(const fs::path& file, const std::string& pem) {
  if (!fs::exists(file)) return;
  require(parse_certificate(read_file(file, kMostPemBytes), file.string()).fingerprint == parse_certificate(pem, "the invitation").fingerprint, ErrorCode::kMismatch,
          file.string() + ": is the authority of another federation than the invitation's; give another folder");
}

Role role_in(const fs::path& certificate) {
  return parse_role(parse_certificate(read_file(certificate, kMostPemBytes), certificate.string()).role, certificate.string());
}

}  // namespace

Json to_json(const MemberRecord& r) {
  return {{"schema", "consilium.member/1"}, {"name", r.name}, {"role", to_string(r.role)}, {"coordinators", r.coordinators}, {"enrolments", r.enrolments}};
}

std::optional<MemberRecord> read_member_record(const fs::path& folder, const std::string& name) {
  const fs::path file = record_file(folder, name);
  if (!fs::exists(file)) return std::nullopt;
  MemberRecord record;
  std::string schema, role;
  const Json json = read_json(file);
  SettingsReader reader(json, file.string());
  reader.required("schema", schema);
  require(schema == "consilium.member/1", ErrorCode::kUsage, file.string() + ".schema: expected \"consilium.member/1\", found \"" + schema.substr(0, 80) + "\"");
  reader.required("name", record.name);
  reader.required("role", role);
  reader.required("coordinators", record.coordinators);
  reader.required("enrolments", record.enrolments);
  reader.finish();
  record.role = parse_role(role, file.string() + ".role");
  return record;
}

std::string begin_enrolment(const fs::path& folder, const Invitation& invitation) {
  const TlsFiles files = tls_files(folder, invitation.name);
  require(!fs::exists(files.certificate), ErrorCode::kCannotWrite, files.certificate.string() + ": \"" + invitation.name + "\" is enrolled already");
  require_same_authority(files.authority, invitation.authority_pem);
  if (!fs::exists(files.key)) {
    const KeyAndRequest made = make_request(invitation.name, invitation.token);
    write_secret_file(files.key, made.key_pem);
    return made.request_pem;
  }
  return make_request_for(read_file(files.key, kMostPemBytes), invitation.name, invitation.token, files.key.string());
}

void finish_enrolment(const fs::path& folder, const Invitation& invitation, const std::string& certificate_pem) {
  const TlsFiles files = tls_files(folder, invitation.name);
  require_same_authority(files.authority, invitation.authority_pem);
  require_sound({invitation.authority_pem, certificate_pem, read_file(files.key, kMostPemBytes)}, files, invitation.role, invitation.name);
  write_file(files.authority, invitation.authority_pem);
  write_file(record_file(folder, invitation.name), to_json(MemberRecord{invitation.name, invitation.role, invitation.coordinators, invitation.enrolments}).dump(1) + "\n");
  write_file(files.certificate, certificate_pem);  // last: with it the site is enrolled
}

std::string begin_rotation(const fs::path& folder, const std::string& name) {
  complete_rotation(folder, name);
  const TlsFiles files = tls_files(folder, name), next = next_files(folder, name);
  require_file(files.certificate);
  if (!fs::exists(next.key)) {
    const KeyAndRequest made = make_request(name);
    write_secret_file(next.key, made.key_pem);
    return made.request_pem;
  }
  return make_request_for(read_file(next.key, kMostPemBytes), name, "", next.key.string());
}

void finish_rotation(const fs::path& folder, const std::string& name, const std::string& certificate_pem) {
  const TlsFiles files = tls_files(folder, name), next = next_files(folder, name);
  require_sound({read_file(files.authority, kMostPemBytes), certificate_pem, read_file(next.key, kMostPemBytes)}, next, role_in(files.certificate), name);
  write_file(next.certificate, certificate_pem);
  complete_rotation(folder, name);
}

void complete_rotation(const fs::path& folder, const std::string& name) {
  const TlsFiles files = tls_files(folder, name), next = next_files(folder, name);
  if (!fs::exists(next.certificate)) return;
  // The key goes first: a kill between the two leaves NAME.next.crt, and the next call finds the key in its place.
  std::error_code fault;
  if (fs::exists(next.key)) fs::rename(next.key, files.key, fault);
  if (!fault) fs::rename(next.certificate, files.certificate, fault);
  require(!fault, ErrorCode::kCannotWrite, files.certificate.string() + ": the new certificate cannot be put in its place: " + fault.message());
}

}  // namespace consilium::fl
