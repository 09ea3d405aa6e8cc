#include "fl/ledger/tree_head.h"

#include "base/error.h"
#include "base/text.h"
#include "fl/ledger/canonical.h"
#include "fl/known_certificate.h"
#include "fl/signature.h"
#include "fl/x509.h"

namespace consilium::fl {
namespace {

constexpr const char* kHeadSchema = "consilium.ledger_head/1";
constexpr const char* kKeySchema = "consilium.ledger_key/1";
constexpr const char* kCoSignatureSchema = "consilium.ledger_cosignature/1";

Json json_of(const TreeHead& head) { return {{"schema", kHeadSchema}, {"federation", head.federation}, {"size", head.size}, {"root", head.root}, {"unix_seconds", head.unix_seconds}}; }

/// What a certificate's key signs; a site's and a coordinator's word can never be taken for one another.
std::string signed_text(const LedgerKey& key) { return canonical_text({{"schema", kKeySchema}, {"federation", key.federation}, {"key", key.key}}); }
std::string signed_text(const CoSignature& signature) { return canonical_text({{"schema", kCoSignatureSchema}, {"head", to_json(signature.head)}}); }

/// A signature's bytes; empty when it is no hexadecimal, which no key verifies.
std::string bytes_from_hex(const std::string& text, const std::string& origin) {
  require(text.size() % 2 == 0 && text.size() <= 1024, ErrorCode::kCorruptData, origin + ": a signature of " + std::to_string(text.size()) + " digits");
  return from_hex(text, text.size() / 2, origin);
}

/// Text around a PEM block, or another way to break its lines, would be bytes that nothing vouches for.
void require_plain_pem(const std::string& pem, const std::string& origin) {
  require(pem.size() <= 65536 && known_certificate(pem, origin)->pem == pem, ErrorCode::kCorruptData, origin + ": the certificate is not written as PEM is written here");
}

std::string certificate_fault(const std::string& pem, Role role, const std::optional<std::string>& authority) {
  const auto known = known_certificate(pem, "certificate");
  const CertificateSummary& summary = known->summary;
  if (summary.role != to_string(role)) return "the certificate of \"" + printable(summary.name, 80) + "\" is not that of a " + std::string(to_string(role));
  if (!authority) return "";
  const std::string fault = lasting_chain_fault(pem, *authority, "certificate");
  return fault.empty() ? "" : "the certificate of \"" + printable(summary.name, 80) + "\" is not signed by this federation's authority (" + fault + ")";
}

template <typename Signed>
std::string fault(const Signed& what, Role role, const std::optional<std::string>& authority, const char* name) {
  const std::string why = certificate_fault(what.certificate, role, authority);
  if (!why.empty()) return why;
  return is_signed(what.certificate, signed_text(what), bytes_from_hex(what.signature, name)) ? "" : std::string(name) + " is not signed by the certificate that it shows";
}

void require_schema(SettingsReader& reader, const char* expected, const std::string& origin) {
  std::string schema;
  reader.required("schema", schema);
  require(schema == expected, ErrorCode::kCorruptData, origin + ": expected " + expected);
}

}  // namespace

std::string to_text(const TreeHead& head) { return canonical_text(json_of(head)); }

SignedHead sign_head(const TreeHead& head, const SigningKey& key) { return {head, to_hexadecimal(key.sign(to_text(head)))}; }

bool is_signed_head(const SignedHead& head, const std::string& key) {
  return is_signed_by_raw_key(from_hex(key, 32, "the ledger's key"), to_text(head.head), bytes_from_hex(head.signature, "tree head"));
}

Json to_json(const SignedHead& head) {
  Json json = json_of(head.head);
  json["signature"] = head.signature;
  return json;
}

SignedHead head_from_json(const Json& json, const std::string& origin) {
  SignedHead signed_head;
  read_fields(json, origin, [&](SettingsReader& reader) {
    require_schema(reader, kHeadSchema, origin);
    reader.required("federation", signed_head.head.federation);
    reader.required("size", signed_head.head.size);
    reader.required("root", signed_head.head.root);
    reader.required("unix_seconds", signed_head.head.unix_seconds);
    reader.required("signature", signed_head.signature);
    from_hex(signed_head.head.federation, 16, origin + ".federation");
    require_digest(signed_head.head.root, origin + ".root");
    from_hex(signed_head.signature, 64, origin + ".signature");
  });
  return signed_head;
}

LedgerKey certify_ledger_key(const SigningKey& key, const std::string& federation, const TlsPems& coordinator) {
  LedgerKey certified{federation, to_hexadecimal(key.public_key()), known_certificate(coordinator.certificate, "the coordinator's certificate")->pem, ""};
  certified.signature = to_hexadecimal(sign(coordinator.key, signed_text(certified)));
  return certified;
}

Json to_json(const LedgerKey& key) { return {{"schema", kKeySchema}, {"federation", key.federation}, {"key", key.key}, {"certificate", key.certificate}, {"signature", key.signature}}; }

LedgerKey ledger_key_from_json(const Json& json, const std::string& origin) {
  LedgerKey key;
  read_fields(json, origin, [&](SettingsReader& reader) {
    require_schema(reader, kKeySchema, origin);
    reader.required("federation", key.federation);
    reader.required("key", key.key);
    reader.required("certificate", key.certificate);
    reader.required("signature", key.signature);
    from_hex(key.federation, 16, origin + ".federation");
    from_hex(key.key, 32, origin + ".key");
    bytes_from_hex(key.signature, origin + ".signature");
    require_plain_pem(key.certificate, origin);
  });
  return key;
}

std::string fault_of(const LedgerKey& key, const std::optional<std::string>& authority) { return fault(key, Role::kCoordinator, authority, "the ledger's key"); }

CoSignature co_sign(const SignedHead& head, const TlsPems& site) {
  CoSignature signature{head, known_certificate(site.certificate, "the site's certificate")->pem, ""};
  signature.signature = to_hexadecimal(sign(site.key, signed_text(signature)));
  return signature;
}

Json to_json(const CoSignature& s) { return {{"schema", kCoSignatureSchema}, {"head", to_json(s.head)}, {"certificate", s.certificate}, {"signature", s.signature}}; }

CoSignature cosignature_from_json(const Json& json, const std::string& origin) {
  CoSignature signature;
  read_fields(json, origin, [&](SettingsReader& reader) {
    require_schema(reader, kCoSignatureSchema, origin);
    Json head;
    reader.raw("head", head);
    signature.head = head_from_json(head, origin + ".head");
    reader.required("certificate", signature.certificate);
    reader.required("signature", signature.signature);
    bytes_from_hex(signature.signature, origin + ".signature");
    require_plain_pem(signature.certificate, origin);
  });
  return signature;
}

std::string fault_of(const CoSignature& signature, const std::optional<std::string>& authority) { return fault(signature, Role::kSite, authority, "the co-signature"); }

}  // namespace consilium::fl
