#include <fmt/format.h>

#include "base/error.h"
#include "base/settings.h"
#include "fl/keys.h"
#include "tools/verb.h"

namespace consilium::tools {
namespace {

Json to_json(const fl::CertificateSummary& c) { return {{"name", c.name}, {"role", c.role.empty() ? "authority" : c.role}, {"not_after", c.not_after}, {"expired", c.expired}, {"sha256", c.fingerprint}}; }

}  // namespace

int cmd_keys(int argc, char** argv) {
  CLI::App app("Makes a federation's authority and the certificates of its coordinator and sites.", "consilium keys");
  CommonOptions common;
  std::string folder, name, role = "site", federation = "consilium federation";
  std::vector<std::string> hosts;
  int days = 0;
  app.require_subcommand(1);
  CLI::App* init = app.add_subcommand("init", "make the authority: ca.key (keep it secret, off line) and ca.crt");
  init->add_option("FOLDER", folder, "where the keys lie")->required();
  init->add_option("--federation", federation, "name in the authority's certificate");
  init->add_option("--days", days, "valid for so many days (default 3650)")->check(CLI::Range(1, 36500));
  CLI::App* issue = app.add_subcommand("issue", "make NAME.key and NAME.crt, signed by the authority in FOLDER");
  issue->add_option("FOLDER", folder, "where ca.key lies")->required();
  issue->add_option("NAME", name, "of the site or the coordinator")->required();
  issue->add_option("--role", role, "site or coordinator")->check(CLI::IsMember({"site", "coordinator"}));
  issue->add_option("--host", hosts, "DNS name or address of a coordinator; may be given several times");
  issue->add_option("--days", days, "valid for so many days (default 825)")->check(CLI::Range(1, 36500));
  CLI::App* list = app.add_subcommand("list", "whose certificates lie in FOLDER, and until when they hold");
  list->add_option("FOLDER", folder, "where the certificates lie")->required();
  add_common(app, common, "consilium keys init keys && consilium keys issue keys coordinator --role coordinator --host fl.example.org && consilium keys issue keys site_a");
  for (CLI::App* verb : {init, issue, list}) verb->fallthrough();
  return run_verb(app, argc, argv, common, [&] {
    if (*init) fl::init_authority(folder, {.federation = federation, .valid_days = days > 0 ? days : 3650});
    if (*issue) fl::issue_certificate(folder, name, {.role = role == "coordinator" ? fl::Role::kCoordinator : fl::Role::kSite, .hosts = hosts, .valid_days = days > 0 ? days : 825});
    Json certificates = Json::array();
    for (const fl::CertificateSummary& c : fl::list_certificates(folder)) {
      if (*init || (*issue && c.name != name)) {
        if (!(*init && c.role.empty())) continue;
      }
      certificates.push_back(to_json(c));
      if (!common.json) fmt::print("{:<24} {:<12} until {}{}  {}\n", c.name, c.role.empty() ? "authority" : c.role, c.not_after, c.expired ? " (expired)" : "", c.fingerprint.substr(0, 16));
    }
    if (common.json) fmt::print("{}\n", Json{{"schema", "consilium.keys/1"}, {"certificates", certificates}}.dump(2));
    return 0;
  });
}

}  // namespace consilium::tools
