#include "fl/enrol/invitation.h"

#include <openssl/x509v3.h>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "fl/federation_settings.h"
#include "fl/x509.h"

namespace consilium::fl {
namespace {

void read_addresses(SettingsReader& reader, const std::string& key, std::vector<std::string>& addresses) {
  reader.required(key, addresses);
  require(addresses.size() <= 16, ErrorCode::kUsage, reader.path() + "." + key + ": more than 16 addresses");
  for (const std::string& address : addresses) require(is_address(address), ErrorCode::kUsage, reader.path() + "." + key + ": expected host:port, found \"" + address.substr(0, 80) + "\"");
}

}  // namespace

Invitation parse_invitation(const Json& json, const std::string& origin) {
  Invitation invitation;
  std::string schema, role, token, expires;
  SettingsReader reader(json, origin);
  reader.required("schema", schema);
  require(schema == "consilium.invitation/1", ErrorCode::kUsage, origin + ".schema: expected \"consilium.invitation/1\", found \"" + schema.substr(0, 80) + "\"");
  reader.required("name", invitation.name);
  reader.required("role", role);
  reader.required("token", token);
  reader.required("authority", invitation.authority_pem);
  read_addresses(reader, "coordinators", invitation.coordinators);
  read_addresses(reader, "enrolments", invitation.enrolments);
  reader.required("expires", expires);
  reader.finish();
  require_member_name(invitation.name);
  invitation.role = parse_role(role, origin + ".role");
  invitation.token = from_hex(token, 32, origin + ".token");
  invitation.expires = parse_iso_time(expires, origin + ".expires");
  const Certificate authority = parse_x509(invitation.authority_pem, origin + ".authority");
  require(X509_check_ca(authority.get()) == 1, ErrorCode::kCorruptData, origin + ".authority: is not the certificate of an authority");
  return invitation;
}

Json to_json(const Invitation& i) {
  return {{"schema", "consilium.invitation/1"}, {"name", i.name}, {"role", to_string(i.role)}, {"token", to_hexadecimal(i.token)}, {"authority", i.authority_pem},
          {"coordinators", i.coordinators}, {"enrolments", i.enrolments}, {"expires", to_iso_time(i.expires)}};
}

Invitation read_invitation(const fs::path& file) {
  return parse_invitation(parse_json(read_file(file, 64 << 10), file.string()), file.filename().string());
}

}  // namespace consilium::fl
