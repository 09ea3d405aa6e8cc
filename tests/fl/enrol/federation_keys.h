#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "fl/enrol/enrolment.h"
#include "fl/enrol/member_files.h"
#include "fl/enrol/provision.h"
#include "fl/enrol/request.h"
#include "tests/support/program.h"
#include "tests/support/refusal.h"

namespace consilium::fl::test {

/// An authority with a coordinator "hub", and what a site does to get its certificate.
class FederationKeys : public testing::Test {
 protected:
  static constexpr std::int64_t kDay = 86400;

  FederationKeys() { provision(keys(), {.coordinator = "hub", .addresses = {"localhost:7443"}}); }
  fs::path keys() const { return folder.path() / "keys"; }
  fs::path at(const std::string& name) const { return folder.path() / name; }

  /// Invited, enrolled and written to the folder of that name, without a wire.
  void enrol_here(const std::string& name, const InviteOptions& options = {}) {
    const Invitation invitation = invite(keys(), name, options);
    finish_enrolment(at(name), invitation, enrol(keys(), begin_enrolment(at(name), invitation), name));
  }
  CertificateSummary summary(const std::string& name) const { return parse_certificate(read_file(at(name) / (name + ".crt")), name); }
  std::string state_of(const std::string& name, std::int64_t now = wall_seconds()) const {
    std::string states;
    for (const MemberCertificate& row : list_members(keys(), now))
      if (row.name == name) states += (states.empty() ? "" : " ") + row.state;
    return states;
  }
  static consilium::test::Outcome openssl(std::vector<std::string> words) {
    words.insert(words.begin(), "/usr/bin/openssl");
    return consilium::test::run_program(words);
  }

  TemporaryFolder folder;
};

/// A clock that is set.
inline WallClock at_time(std::int64_t seconds) {
  return [seconds] { return seconds; };
}

}  // namespace consilium::fl::test
