#include "fl/federation_settings.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"

namespace consilium::fl {

void read_federation_settings(SettingsReader& reader, FederationSettings& settings) {
  reader.required("sites", settings.sites);
  reader.field("rounds", settings.rounds);
  reader.field("quorum", settings.quorum);
  reader.field("deadline_seconds", settings.deadline_seconds);
  Json task = Json::object();
  reader.raw("task", task);
  settings.task = task.dump();
  validate(settings);
}

Json to_json(const FederationSettings& s) {
  return {{"sites", s.sites}, {"rounds", s.rounds}, {"quorum", s.quorum}, {"deadline_seconds", s.deadline_seconds}, {"task", parse_json(s.task, "task")}};
}

void validate(const FederationSettings& s) {
  require(!s.sites.empty() && s.sites.size() <= 10000, ErrorCode::kUsage, "sites: name at least one site");
  std::set<std::string> names;
  for (const std::string& name : s.sites) {
    const bool plain = !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.'; });
    require(plain, ErrorCode::kUsage, "sites: \"" + name + "\" is no site name: up to 64 letters, digits, '_', '-' and '.'");
    require(names.insert(name).second, ErrorCode::kUsage, "sites: \"" + name + "\" is named twice");
  }
  require(s.rounds >= 1 && s.rounds <= 1000000, ErrorCode::kUsage, "rounds: expected 1 to 1000000, found " + std::to_string(s.rounds));
  require(s.quorum >= 0 && s.quorum <= static_cast<std::int64_t>(s.sites.size()), ErrorCode::kUsage, "quorum: expected 0 to the number of sites, found " + std::to_string(s.quorum));
  require(std::isfinite(s.deadline_seconds) && s.deadline_seconds > 0, ErrorCode::kUsage, "deadline_seconds: expected a number above 0");
}

std::int64_t quorum_of(const FederationSettings& s) { return s.quorum > 0 ? s.quorum : static_cast<std::int64_t>(s.sites.size() / 2 + 1); }

}  // namespace consilium::fl
