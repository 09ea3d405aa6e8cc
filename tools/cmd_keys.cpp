#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "fl/enrol/enrolment.h"
#include "fl/enrol/member_files.h"
#include "fl/enrol/provision.h"
#include "fl/enrol/registry.h"
#include "fl/transport/enrolment_client.h"
#include "tools/interrupt.h"
#include "tools/keys_output.h"
#include "tools/verb.h"

namespace consilium::tools {
namespace {

struct KeysWords {
  std::string folder, name, role = "site", invitation, request, out, certificate, coordinator, admin, reason = "revoked", institution;
  std::vector<std::string> names, hosts;
  fl::ProvisionOptions provision;
  int days = 0, certificate_days = 825;
  std::int64_t most_sites = 0;
  double give_up_seconds = 60;
};

int days_or(int days, int otherwise) { return days > 0 ? days : otherwise; }

void invite_all(const KeysWords& w, const std::vector<std::string>& names, const CommonOptions& common) {
  std::vector<fs::path> files;
  for (const std::string& name : names) {
    const auto invitation = fl::invite(w.folder, name, {.role = fl::parse_role(w.role, "--role"), .hosts = w.hosts, .institution = w.institution, .valid_days = days_or(w.days, 14), .certificate_days = w.certificate_days});
    files.push_back(fl::write_invitation(w.out.empty() ? fs::path(w.folder) / "invitations" : fs::path(w.out), invitation));
  }
  print_files(files, common.json);
}

void enrol(const KeysWords& w, const CommonOptions& common) {
  const fl::Invitation invitation = fl::read_invitation(w.invitation);
  if (!w.request.empty()) {
    write_file(w.request, fl::begin_enrolment(w.folder, invitation));
    return print_files({w.request}, common.json);
  }
  if (!w.certificate.empty()) fl::finish_enrolment(w.folder, invitation, read_file(w.certificate, 1 << 20));
  else fl::enrol_over_tls(w.folder, invitation, {.give_up_seconds = w.give_up_seconds, .on_event = log_line, .stop = stop_on_signals()});
  print_members(w.folder, {invitation.name}, common.json);
}

void sign(const KeysWords& w, const CommonOptions& common) {
  const std::string pem = fl::enrol(w.folder, read_file(w.request, 1 << 20));
  const fs::path file = w.out.empty() ? fs::path(w.folder) / (fl::parse_certificate(pem, "the certificate").name + ".crt") : fs::path(w.out);
  write_file(file, pem);
  print_files({file}, common.json);
}

void revoke(const KeysWords& w, const CommonOptions& common) {
  if (w.admin.empty()) fl::revoke(w.folder, w.name, {.reason = fl::parse_revocation_reason(w.reason, "--reason")});
  else print_serials(fl::revoke_over_tls(fl::tls_files(w.folder, w.admin), w.admin, w.coordinator, w.name, w.reason), common.json);
  if (w.admin.empty()) print_members(w.folder, {w.name}, common.json);
}

void rotate(const KeysWords& w, const CommonOptions& common) {
  if (fs::exists(fs::path(w.folder) / "ca.key")) {
    fl::rotate_here(w.folder, w.name);
  } else {
    const auto record = fl::read_member_record(w.folder, w.name);
    const std::string address = !w.coordinator.empty() ? w.coordinator : record && !record->coordinators.empty() ? record->coordinators.front() : "";
    require(!address.empty(), ErrorCode::kUsage, "--coordinator: say where the coordinator is reached (host:port)");
    fl::rotate_over_tls(w.folder, w.name, address);
  }
  print_members(w.folder, {w.name}, common.json);
}

}  // namespace

int cmd_keys(int argc, char** argv) {
  CLI::App app("Who belongs to a federation: its authority, invitations, certificates and their end.", "consilium keys");
  CommonOptions common;
  KeysWords w;
  app.require_subcommand(1);
  const auto verb = [&](const char* word, const char* purpose, bool has_folder = true) {
    CLI::App* sub = app.add_subcommand(word, purpose)->fallthrough();
    if (has_folder) sub->add_option("FOLDER", w.folder, "where the keys lie")->required();
    return sub;
  };
  const auto days = [&](CLI::App* sub, const char* text, int most) { sub->add_option("--days", w.days, text)->check(CLI::Range(1, most)); };
  CLI::App* init = verb("init", "make the authority (ca.key: keep it secret) and, with --address, the coordinator's certificate");
  init->add_option("--federation", w.provision.federation, "name in the authority's certificate");
  init->add_option("--name", w.provision.coordinator, "of the coordinator (default coordinator)");
  init->add_option("--address", w.provision.addresses, "host:port at which sites reach the coordinator; may be given several times");
  init->add_option("--enrolment", w.provision.enrolments, "host:port of its enrolment service (default: one port higher)");
  init->add_option("--invite", w.names, "sites to invite at once");
  init->add_option("--most-sites", w.most_sites, "quota of sites, open invitations among them (default: none)")->check(CLI::Range(0, 10000));
  days(init, "the authority is valid for so many days (default 3650)", 36500);
  CLI::App* issue = verb("issue", "make NAME.key and NAME.crt here, signed by the authority in FOLDER");
  CLI::App* invite = verb("invite", "write an invitation for each NAME: a one-time token and what its owner must trust");
  issue->add_option("NAME", w.name, "of the member")->required();
  invite->add_option("NAME", w.names, "of the members")->required();
  for (CLI::App* sub : {issue, invite}) {
    sub->add_option("--role", w.role, "site, peer, observer, admin or coordinator")->check(CLI::IsMember({"site", "peer", "observer", "admin", "coordinator"}));
    sub->add_option("--host", w.hosts, "DNS name or address of a coordinator; may be given several times");
  }
  days(issue, "valid for so many days (default 825)", 36500);
  days(invite, "the invitation is open for so many days (default 14)", 365);
  invite->add_option("--certificate-days", w.certificate_days, "its certificate is valid for so many days (default 825)")->check(CLI::Range(1, 36500));
  invite->add_option("--institution", w.institution, "the hospital behind it; one that has a site already gets no other");
  invite->add_option("-o", w.out, "folder for NAME.invitation.json (default FOLDER/invitations)")->type_name("OUT_DIR");
  CLI::App* quota = verb("quota", "no more than N sites, open invitations among them; 0: no limit");
  quota->add_option("N", w.most_sites, "sites")->required()->check(CLI::Range(0, 10000));
  CLI::App* enrol_verb = verb("enrol", "at the site: make a key, have it certified, and keep it here", false);
  enrol_verb->add_option("INVITATION", w.invitation, "the file from the federation's owner")->required();
  w.folder = "keys";
  enrol_verb->add_option("--keys", w.folder, "folder for the site's key and certificate (default keys)");
  enrol_verb->add_option("--csr-out", w.request, "only write the request to this file, for keys sign");
  enrol_verb->add_option("--certificate", w.certificate, "the file that keys sign wrote: end the enrolment with it");
  enrol_verb->add_option("--give-up", w.give_up_seconds, "seconds to wait for a coordinator (default 60)");
  CLI::App* sign_verb = verb("sign", "for the authority's owner: answer a request that an invitation covers");
  sign_verb->add_option("CSR", w.request, "the file that keys enrol --csr-out wrote")->required();
  sign_verb->add_option("-o", w.out, "the certificate (default FOLDER/NAME.crt)")->type_name("FILE");
  CLI::App* list = verb("list", "every certificate and invitation: who, until when, in which state");
  CLI::App* revoke_verb = verb("revoke", "NAME is let in no more, from now on, also on connections that are open");
  revoke_verb->add_option("NAME", w.name, "of the member")->required();
  revoke_verb->add_option("--reason", w.reason, "revoked, key_compromise, superseded or left");
  CLI::App* refused = verb("refused", "for an admin: the attempts that a coordinator has refused");
  revoke_verb->add_option("--as", w.admin, "an admin whose key lies in FOLDER: revoke at a running coordinator");
  refused->add_option("--as", w.admin, "the admin whose key lies in FOLDER")->required();
  CLI::App* rotate_verb = verb("rotate", "a new key and certificate for NAME; the old one is revoked");
  rotate_verb->add_option("NAME", w.name, "of the member")->required();
  for (CLI::App* sub : {revoke_verb, refused, rotate_verb}) sub->add_option("--coordinator", w.coordinator, "host:port of the coordinator");
  add_common(app, common, "consilium keys init keys --address fl.example.org:7443 --invite site_a site_b site_c");
  return run_verb(app, argc, argv, common, [&] {
    if (*init) {
      w.provision.valid_days = days_or(w.days, 3650);
      fl::provision(w.folder, w.provision);
      w.days = 0;
      if (w.most_sites > 0) fl::edit_registry(w.folder, [&](fl::Registry& registry) { registry.most_sites = w.most_sites; });
      if (w.names.empty()) print_members(w.folder, {}, common.json);
      else invite_all(w, w.names, common);
    }
    if (*issue) {
      fl::issue_certificate(w.folder, w.name, {.role = fl::parse_role(w.role, "--role"), .hosts = w.hosts, .valid_days = days_or(w.days, 825)});
      print_members(w.folder, {w.name}, common.json);
    }
    if (*invite) {
      require(w.institution.empty() || w.names.size() == 1, ErrorCode::kUsage, "--institution: of one NAME at a time");
      invite_all(w, w.names, common);
    }
    if (*quota) {
      fl::edit_registry(w.folder, [&](fl::Registry& registry) { registry.most_sites = w.most_sites; });
      print_members(w.folder, {}, common.json);
    }
    if (*enrol_verb) enrol(w, common);
    if (*sign_verb) sign(w, common);
    if (*list) print_members(w.folder, {}, common.json);
    if (*revoke_verb) revoke(w, common);
    if (*refused) fmt::print("{}\n", fl::list_refused(fl::tls_files(w.folder, w.admin), w.admin, w.coordinator).dump(2));
    if (*rotate_verb) rotate(w, common);
    return 0;
  });
}

}  // namespace consilium::tools
