#include "fl/enrol/registry_json.h"

#include "base/error.h"
#include "fl/wall_clock.h"

namespace consilium::fl {
namespace {

std::int64_t read_time(SettingsReader& reader, const std::string& key) {
  std::string text;
  reader.required(key, text);
  return parse_iso_time(text, reader.path() + "." + key);
}

IssuedCertificate read_certificate(SettingsReader& reader) {
  IssuedCertificate c;
  reader.required("serial", c.serial);
  c.not_before = read_time(reader, "not_before");
  c.not_after = read_time(reader, "not_after");
  reader.required("key_sha256", c.key_fingerprint);
  reader.required("pem", c.pem);
  reader.field("token_sha256", c.token_fingerprint);
  reader.field("replaces", c.replaces);
  reader.object("revoked", [&](SettingsReader& revoked) {
    std::string reason;
    revoked.required("reason", reason);
    c.revoked = Revocation{c.serial, read_time(revoked, "when"), parse_revocation_reason(reason, revoked.path() + ".reason")};
  });
  reader.finish();
  return c;
}

Member read_member(SettingsReader& reader) {
  Member member;
  std::string role;
  reader.required("name", member.name);
  reader.required("role", role);
  member.role = parse_role(role, reader.path() + ".role");
  reader.field("hosts", member.hosts);
  reader.field("institution", member.institution);
  reader.object("invitation", [&](SettingsReader& invitation) {
    OpenInvitation open;
    invitation.required("token_sha256", open.token_fingerprint);
    open.expires = read_time(invitation, "expires");
    invitation.required("certificate_days", open.certificate_days);
    invitation.finish();
    member.invitation = open;
  });
  reader.list("certificates", [&](SettingsReader& item) { member.certificates.push_back(read_certificate(item)); });
  reader.finish();
  return member;
}

Json to_json(const IssuedCertificate& c) {
  Json json{{"serial", c.serial}, {"not_before", to_iso_time(c.not_before)}, {"not_after", to_iso_time(c.not_after)}, {"key_sha256", c.key_fingerprint}, {"pem", c.pem}};
  if (!c.token_fingerprint.empty()) json["token_sha256"] = c.token_fingerprint;
  if (!c.replaces.empty()) json["replaces"] = c.replaces;
  if (c.revoked) json["revoked"] = {{"when", to_iso_time(c.revoked->when)}, {"reason", to_string(c.revoked->reason)}};
  return json;
}

}  // namespace

Registry parse_registry(const Json& json, const std::string& origin) {
  Registry registry;
  SettingsReader reader(json, origin);
  std::string schema;
  reader.required("schema", schema);
  require(schema == "consilium.registry/1", ErrorCode::kUsage, origin + ".schema: expected \"consilium.registry/1\", found \"" + schema + "\"");
  reader.field("coordinators", registry.coordinators);
  reader.field("enrolments", registry.enrolments);
  reader.field("revocation_number", registry.revocation_number);
  reader.field("most_sites", registry.most_sites);
  require(registry.most_sites >= 0, ErrorCode::kUsage, origin + ".most_sites: expected 0 or more");
  reader.list("members", [&](SettingsReader& item) { registry.members.push_back(read_member(item)); });
  reader.finish();
  return registry;
}

Json to_json(const Registry& registry) {
  Json members = Json::array();
  for (const Member& member : registry.members) {
    Json json{{"name", member.name}, {"role", to_string(member.role)}, {"hosts", member.hosts}, {"certificates", Json::array()}};
    if (!member.institution.empty()) json["institution"] = member.institution;
    if (member.invitation)
      json["invitation"] = {{"token_sha256", member.invitation->token_fingerprint}, {"expires", to_iso_time(member.invitation->expires)}, {"certificate_days", member.invitation->certificate_days}};
    for (const IssuedCertificate& c : member.certificates) json["certificates"].push_back(to_json(c));
    members.push_back(std::move(json));
  }
  return {{"schema", "consilium.registry/1"}, {"coordinators", registry.coordinators}, {"enrolments", registry.enrolments}, {"revocation_number", registry.revocation_number}, {"most_sites", registry.most_sites}, {"members", std::move(members)}};
}

}  // namespace consilium::fl
