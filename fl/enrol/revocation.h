#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>

struct X509_crl_st;

namespace consilium::fl {

/// Reason codes of RFC 5280, section 5.3.1, those that are used.
enum class RevocationReason { kUnspecified = 0, kKeyCompromise = 1, kSuperseded = 4, kLeft = 5 };
std::string_view to_string(RevocationReason reason);  ///< "revoked", "key_compromise", "superseded", "left"
/// @throws Error{kUsage} naming `where` and the known words.
RevocationReason parse_revocation_reason(const std::string& word, const std::string& where);

struct Revocation {
  std::string serial;     ///< hexadecimal
  std::int64_t when = 0;  ///< seconds since 1970
  RevocationReason reason = RevocationReason::kUnspecified;
  bool operator==(const Revocation&) const = default;
};
using RevocationList = std::map<std::string, Revocation>;  ///< by serial

void append_revocation(X509_crl_st* crl, const Revocation& entry);

/// Checks the list's signature. @throws Error{kCorruptData} no list, or not signed by that authority (PEM); both name `origin`.
RevocationList parse_revocation_list(std::string_view crl_pem, std::string_view authority_pem, const std::string& origin);

/// The list in a file, read again when the file changes. A file that goes away or goes bad does not un-revoke anybody.
class RevocationFile {
 public:
  /// No file is an empty list. @throws as parse_revocation_list.
  RevocationFile(std::filesystem::path file, std::string authority_pem);

  const RevocationList& list() const { return list_; }
  /// True when the file was read again. @throws Error a change that cannot be taken over, once per change; the old list stays.
  bool refresh();

 private:
  using Stamp = std::pair<std::filesystem::file_time_type, std::uintmax_t>;
  Stamp stamp() const;

  std::filesystem::path file_;
  std::string authority_pem_;
  Stamp read_at_{};
  RevocationList list_;
};

}  // namespace consilium::fl
