#include "tools/keys_output.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/settings.h"
#include "fl/enrol/registry.h"

namespace consilium::tools {

void print_members(const std::filesystem::path& folder, const std::vector<std::string>& names, bool as_json) {
  Json rows = Json::array();
  for (const fl::MemberCertificate& m : fl::list_members(folder, fl::wall_seconds())) {
    if (!names.empty() && std::find(names.begin(), names.end(), m.name) == names.end()) continue;
    rows.push_back({{"name", m.name}, {"role", m.role}, {"serial", m.serial}, {"not_after", fl::to_iso_time(m.until)}, {"expired", m.state == "expired"}, {"state", m.state}, {"reason", m.reason}, {"sha256", m.fingerprint}});
    if (!as_json) fmt::print("{:<24} {:<12} {:<10} until {}  {}{}\n", m.name, m.role, m.state, fl::to_iso_time(m.until), m.serial, m.reason.empty() || m.reason == m.state ? "" : " (" + m.reason + ")");
  }
  if (as_json) fmt::print("{}\n", Json{{"schema", "consilium.keys/1"}, {"certificates", rows}}.dump(2, ' ', false, Json::error_handler_t::replace));
}

void print_files(const std::vector<std::filesystem::path>& files, bool as_json, const char* schema) {
  Json list = Json::array();
  for (const std::filesystem::path& file : files) {
    list.push_back(file.string());
    if (!as_json) fmt::print("{}\n", file.string());
  }
  if (as_json) fmt::print("{}\n", Json{{"schema", schema}, {"files", list}}.dump(2));
}

void print_serials(const std::vector<std::string>& serials, bool as_json) {
  if (as_json) fmt::print("{}\n", Json{{"schema", "consilium.keys/1"}, {"revoked", serials}}.dump(2));
  else for (const std::string& serial : serials) fmt::print("{}\n", serial);
}

}  // namespace consilium::tools
