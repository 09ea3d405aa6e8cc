#include "imaging/pacs/peer.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace consilium::imaging {

void require_title(const std::string& title, const std::string& where) {
  const auto allowed = [](char c) { return c >= 0x20 && c < 0x7f && c != '\\'; };
  const bool good = !title.empty() && title.size() <= 16 && std::all_of(title.begin(), title.end(), allowed) && title.find_first_not_of(' ') != std::string::npos;
  require(good, ErrorCode::kUsage, where + ": an application entity title has 1 to 16 printable characters and no backslash");
}

PacsPeer parse_peer(const std::string& text) {
  const std::size_t at = text.find('@'), colon = text.rfind(':');
  require(at != std::string::npos && colon != std::string::npos && colon > at + 1, ErrorCode::kUsage,
          "expected TITLE@HOST:PORT, such as ORTHANC@pacs.hospital.example:4242, found \"" + text.substr(0, 100) + "\"");
  PacsPeer peer;
  peer.title = text.substr(0, at);
  peer.host = text.substr(at + 1, colon - at - 1);
  if (peer.host.size() > 2 && peer.host.front() == '[' && peer.host.back() == ']') peer.host = peer.host.substr(1, peer.host.size() - 2);
  require_title(peer.title, "TITLE@HOST:PORT");
  const char *begin = text.data() + colon + 1, *end = text.data() + text.size();
  const auto [last, status] = std::from_chars(begin, end, peer.port);
  require(status == std::errc() && last == end && peer.port > 0, ErrorCode::kUsage, "TITLE@HOST:PORT: the port is a number from 1 to 65535");
  return peer;
}

}  // namespace consilium::imaging
