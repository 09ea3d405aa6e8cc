#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace consilium::imaging {

/// Files (PEM) of DICOM TLS: BCP 195 without downgrading, both sides with certificates.
/// Source: DICOM PS3.15 B.9.
struct PacsTls {
  std::filesystem::path authority;    ///< certificates that the other side's must come from
  std::filesystem::path certificate;  ///< ours
  std::filesystem::path key;          ///< and its key, not encrypted
};

/// Another program that speaks DICOM, and how we speak to it.
struct PacsPeer {
  std::string title = "ANY-SCP";  ///< its application entity title
  std::string host;
  std::uint16_t port = 104;
  std::string own_title = "CONSILIUM";
  std::optional<PacsTls> tls;
  int timeout_seconds = 30;  ///< for connecting, for each answer and for each piece of one
};

/// "TITLE@HOST:PORT"; [::1] for addresses with colons. @throws Error{kUsage}
PacsPeer parse_peer(const std::string& text);

/// An application entity title: 1 to 16 printable ASCII characters, no backslash. @throws Error{kUsage} naming `where`.
void require_title(const std::string& title, const std::string& where);

}  // namespace consilium::imaging
